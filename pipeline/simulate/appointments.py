"""Appointments: which agents serve a Metering Point, before and after its migration."""

from __future__ import annotations

import polars as pl

from pipeline.simulate.cast import AGENT_MPIDS, SEGMENTS, SUPPLIERS, agent_index, with_role
from pipeline.simulate.days import FOREVER, LONG_AGO, SWITCHING_FROM
from pipeline.simulate.geography import DISTRIBUTOR_MPIDS
from pipeline.simulate.randomness import Draws, pick
from pipeline.simulate.regimes import PERIODS, slot_of
from pipeline.simulate.versions import Window

ROLES = ("MSS", "MSA", "UMSO", "SDS", "ADS", "UMSDS", "MOP", "DC", "DA")
APPOINTMENT_SCENARIOS = ("COS", "CSP", "USP", "SEG", "MCA", "MCS", "ALG")
STATUSES = ("ACTIVE", "PENDING", "REJECTED", "LAPSED", "CANCELLED")
# Agents by index: the cast, then the distributors as Unmetered Supplies Operators.
AGENTS = [*AGENT_MPIDS, *DISTRIBUTOR_MPIDS]

SERVICES = {"metering": ("MSS", "MSA", "UMSO"), "data": ("SDS", "ADS", "UMSDS")}
_MISSING = {"metering": 0.0006, "data": 0.0004}
_LATE_START, _EARLY_START = 0.002, 0.0003
_ANNOUNCED = 0.05
_FAILED = 0.015
_LEGACY_KNOWN = 0.45  # points of whose legacy agents the extract holds a row
_NOT_ENDED = 0.0004
_KEPT_AFTER_REVERSE = 0.005

_CHOICES = 1024
# A few small Suppliers now and then appoint an agent that is not Qualified (yet): so many of 1024.
_DOUBTFUL = {
    ("metering", "ZELM"): ("ZGIL", 60),
    ("metering", "ZREP"): ("ZGIL", 40),
    ("metering", "ZDUN"): ("ZULL", 12),
    ("data", "ZLAR"): ("ZRAV", 50),
    ("data", "ZBRE"): ("ZVEN", 60),
    ("data", "ZSPR"): ("ZTAR", 12),
    ("data", "ZPIP"): ("ZX98", 12),
}
_LEGACY_AGENTS = {
    6: [agent_index("ZL1M"), agent_index("ZL2M")],
    7: [agent_index("ZL3C"), agent_index("ZL4C")],
    8: [agent_index("ZL5A"), agent_index("ZL6A")],
}

APPOINTMENT_VERSION = pl.Schema(
    {
        "point": pl.UInt64,
        "serial": pl.Int64,
        "role": pl.Int8,
        "agent": pl.Int16,
        "status": pl.Int8,
        "scenario": pl.Int8,
        "effective_from": pl.Int32,
        "effective_to": pl.Int32,
        "known_from": pl.Int32,
        "known_to": pl.Int32,
        "deletes": pl.Boolean,
    }
)


class AgentChoice:
    """Each Supplier's agents: two or three per service and segment, in fixed proportion."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws
        self._tables = {
            service: pl.Series(
                [
                    agent
                    for supplier in SUPPLIERS
                    for role in roles
                    for agent in self._of(service, role, supplier.mpid)
                ],
                dtype=pl.Int16,
            )
            for service, roles in SERVICES.items()
        }

    def _of(self, service: str, role: str, supplier: str) -> list[int]:
        if role == "UMSO":
            return [0] * _CHOICES
        able = sorted(
            with_role(role), key=lambda agent: self._draws.number("order", supplier, role, agent)
        )
        third = able[min(2, len(able) - 1)]
        choices = [able[0]] * 700 + [able[1]] * 220 + [third] * (_CHOICES - 920)
        if role in ("MSS", "SDS") and (service, supplier) in _DOUBTFUL:
            mpid, count = _DOUBTFUL[service, supplier]
            choices[-count:] = [agent_index(mpid)] * count
        return choices

    def agent(self, service: str, supplier: pl.Expr) -> pl.Expr:
        """The agent of a service that a Supplier appoints for a point."""
        block = supplier.cast(pl.Int32) * len(SEGMENTS) + pl.col("segment")
        chosen = pick(
            self._tables[service], block * _CHOICES + self._draws.days(_CHOICES, "agent", service)
        )
        if service == "data":
            return chosen
        umso = (pl.col("distributor").cast(pl.Int16) + len(AGENT_MPIDS)).cast(pl.Int16)
        return pl.when(pl.col("segment") == SEGMENTS.index("U")).then(umso).otherwise(chosen)


def _versions(frame: pl.DataFrame, window: Window, **more: pl.Expr) -> pl.DataFrame:
    """Versions of ACTIVE appointments: pending for some days or not, open, ended.

    Takes the columns `announced` (day from which it is known as PENDING, or null), `told` (known as
    ACTIVE from), `effective_to` and `told_end` (null while it has no end).
    """
    frame = frame.with_columns(told_end=pl.col("told_end").fill_null(FOREVER), **more)

    def version(status: int, start: str, end: str, *, ended: bool) -> pl.DataFrame:
        columns: dict[str, pl.Expr] = {} if ended else {"effective_to": pl.lit(None)}
        return (
            frame.with_columns(
                known_from=pl.col(start),
                known_to=pl.lit(FOREVER) if end == "forever" else pl.col(end),
                status=pl.lit(status),
                deletes=pl.lit(False),
                **columns,
            )
            .filter(window.touches())
            .select(pl.col(name).cast(kind) for name, kind in APPOINTMENT_VERSION.items())
        )

    return pl.concat(
        [
            version(1, "announced", "told", ended=False),
            version(0, "told", "told_end", ended=False),
            version(0, "told_end", "forever", ended=True),
        ]
    )


def _service(
    draws: Draws, choice: AgentChoice, frame: pl.DataFrame, service: str, window: Window
) -> list[pl.DataFrame]:
    """Appointments of one MHHS service, from a migration or Switch until the next change."""
    for period in range(PERIODS):
        agent = choice.agent(service, pl.col(f"holder_{slot_of(period)}"))
        frame = frame.with_columns(agent.alias(f"agent_{period}"))
    stop, told_stop = pl.lit(None, dtype=pl.Int32), pl.lit(None, dtype=pl.Int32)
    parts = []
    for period in range(PERIODS - 1, -1, -1):
        begins, forward = pl.col(f"begins_{period}"), pl.col(f"forward_{period}")
        changes, late = pl.lit(False), pl.lit(0)
        if period > 0:
            late = pl.col(f"late_{slot_of(period)}")
            changes = (
                begins.is_not_null()
                & pl.col(f"migrated_{period}")
                & (pl.col(f"agent_{period}") != pl.col(f"agent_{period - 1}"))
            )
        reverse = pl.col(f"reverse_{period}")
        change = changes & reverse.is_null()
        starts = pl.coalesce(forward, pl.when(change).then(begins))
        shift = draws.uniform("service start", service, period)
        shifted = pl.when(shift < _EARLY_START).then(-4).when(shift > 1 - _LATE_START).then(9)
        missing = draws.chance(_MISSING[service], "no service", service, period)
        told = pl.when(forward.is_not_null()).then(forward).otherwise(begins + late)
        announced = pl.when(
            forward.is_not_null() & draws.chance(_ANNOUNCED, "announced", service)
        ).then(forward - 3)
        rows = frame.filter(starts.is_not_null() & (starts <= window.last + 3) & ~missing)
        scenario = (
            pl.when(forward.is_not_null()).then(4 + pl.col(f"scenario_{period}")).otherwise(0)
        )
        first = len(SEGMENTS) * list(SERVICES).index(service)
        rows = rows.select(
            "point",
            serial=pl.lit(period + 10 * (first // len(SEGMENTS))),
            role=pl.col("segment") + first,
            agent=pl.col(f"agent_{period}"),
            scenario=scenario,
            effective_from=starts + pl.when(forward.is_not_null()).then(shifted).fill_null(0),
            effective_to=stop - 1,
            announced=announced,
            told=told,
            told_end=told_stop,
        ).with_columns(
            effective_from=pl.min_horizontal("effective_from", _last_day("effective_to"))
        )
        parts.append(_versions(rows, window))
        stops = pl.coalesce(reverse, pl.when(change).then(begins))
        kept = draws.chance(_KEPT_AFTER_REVERSE, "kept", service, period) & reverse.is_not_null()
        frame = frame.with_columns(
            stop=pl.when(~kept).then(stops), told_stop=pl.when(~kept).then(stops + late)
        ).with_columns(
            pl.coalesce("stop", stop).alias("stop"),
            pl.coalesce("told_stop", told_stop).alias("told_stop"),
        )
        stop, told_stop = pl.col("stop"), pl.col("told_stop")
    return parts


def _last_day(column: str) -> pl.Expr:
    return pl.col(column).fill_null(FOREVER)


def _legacy(draws: Draws, frame: pl.DataFrame, window: Window) -> list[pl.DataFrame]:
    """The legacy agent of a point, until it migrates and again after a Reverse Migration."""
    position = draws.uniform("legacy role")
    is_unmetered = pl.col("segment") == SEGMENTS.index("U")
    role = (
        pl.when((position < 0.6) & ~is_unmetered).then(6).when(position < 0.85).then(7).otherwise(8)
    )
    tables = pl.Series(
        [agent for pair in _LEGACY_AGENTS.values() for agent in pair], dtype=pl.Int16
    )
    frame = frame.with_columns(role=role).with_columns(
        agent=pick(tables, (pl.col("role") - 6) * 2 + draws.days(2, "legacy agent"))
    )
    not_ended = draws.chance(_NOT_ENDED, "legacy not ended")
    migrates = pl.lit(None, dtype=pl.Int32)
    parts = []
    for period in range(PERIODS - 1, -1, -1):
        migrates = pl.coalesce(f"forward_{period}", migrates)
        frame = frame.with_columns(migrates=migrates)
        migrates = pl.col("migrates")
        if period == 0:
            keep = draws.chance(_LEGACY_KNOWN, "legacy known")
            old = SWITCHING_FROM - 1500 + draws.days(1500, "legacy since")
            starts = pl.max_horizontal(pl.col("first_day"), old)
            told = (
                pl.when(pl.col("first_day") > SWITCHING_FROM).then("first_day").otherwise(LONG_AGO)
            )
        else:
            starts = pl.col(f"reverse_{period}")
            told = starts + pl.col(f"late_{slot_of(period)}")
            keep = starts.is_not_null()
        ends = pl.when(~not_ended).then("migrates")
        rows = frame.filter(keep & (told <= window.last)).select(
            "point",
            "role",
            "agent",
            serial=pl.lit(20 + period),
            scenario=pl.lit(None),
            effective_from=starts,
            effective_to=pl.max_horizontal(ends - 1, starts),
            announced=pl.lit(None, dtype=pl.Int32),
            told=told,
            told_end=ends,
        )
        rows = rows.with_columns(
            effective_to=pl.when(pl.col("told_end").is_not_null()).then("effective_to")
        )
        parts.append(_versions(rows, window))
    return parts


def _failed(draws: Draws, frame: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Requests to appoint that came to nothing, some weeks before the migration."""
    position = draws.uniform("failed fate")
    status = pl.when(position < 0.6).then(2).when(position < 0.9).then(3).otherwise(4)
    rows = frame.with_columns(forward=pl.coalesce(f"forward_{n}" for n in range(PERIODS))).filter(
        pl.col("forward").is_not_null()
        & (pl.col("forward") <= window.last + 28)
        & draws.chance(_FAILED, "failed")
    )
    rows = rows.with_columns(
        serial=pl.lit(30),
        role=pl.col("segment") + len(SEGMENTS),
        agent=pl.lit(agent_index("ZNOR")),
        scenario=pl.lit(4),
        effective_from=pl.col("forward") - 21,
        effective_to=pl.lit(None),
        asked=pl.col("forward") - 28,
        answered=pl.col("forward") - 24,
        answer=status,
        deletes=pl.lit(False),
    )
    return pl.concat(
        rows.with_columns(known_from=start, known_to=end, status=state)
        .filter(window.touches())
        .select(pl.col(name).cast(kind) for name, kind in APPOINTMENT_VERSION.items())
        for start, end, state in (
            (pl.col("asked"), pl.col("answered"), pl.lit(1)),
            (pl.col("answered"), pl.lit(FOREVER), pl.col("answer")),
        )
    )


def appointment_versions(
    draws: Draws, choice: AgentChoice, frame: pl.DataFrame, window: Window
) -> pl.DataFrame:
    """Versions of the extract appointment, in the columns of `APPOINTMENT_VERSION`."""
    needed = ["point", "segment", "distributor", "first_day"]
    for period in range(PERIODS):
        slot = slot_of(period)
        needed += [f"holder_{slot}", f"late_{slot}"]
        needed += [
            f"{name}_{period}" for name in ("begins", "migrated", "reverse", "forward", "scenario")
        ]
    frame = frame.select(needed)
    return pl.concat(
        [
            *_service(draws, choice, frame, "metering", window),
            *_service(draws, choice, frame, "data", window),
            *_legacy(draws, frame, window),
            _failed(draws, frame, window),
        ]
    )
