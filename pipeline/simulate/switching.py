"""Registrations: the first one of a Metering Point and the Switches that follow.

A point's life is a row of year-long slots that begin on its own day of the year; each slot holds at
most one request for a Switch. A request that draws the Supplier that holds the point already is no
Switch, which keeps the sequence of holders a plain run of independent draws.
"""

from __future__ import annotations

import polars as pl

from pipeline.simulate import days
from pipeline.simulate.cast import CLASSES, SUPPLIERS
from pipeline.simulate.days import FOREVER, LONG_AGO, M14, SLOTS, SWITCHING_FROM
from pipeline.simulate.migration_plan import MigrationPlan
from pipeline.simulate.randomness import BINS, Draws, bins, pick
from pipeline.simulate.versions import Window

# Requests per slot and class; less those that change nothing, 10 % of points switch a year.
_REQUESTS = (0.125, 0.135, 0.14, 0.05)
_CANCELLED = 0.04
_DELETED = 0.05  # of the cancelled: entered in error, and taken out again
_BREACH = 0.03  # of the requests of non-Qualified Suppliers on or after M14, those that go through
_LATE = 0.01  # becomes known some days after it took effect
_OVERLAP, _GAP = 0.0003, 0.0006
_NEW_CONNECTIONS = 0.045
_SLOT_DAYS, _LAST_OFFSET = 365, 330
# A request comes at most this long before its Switch; slots leave more room between two of them.
LONGEST_LEAD = 28

TYPES = ("INITIAL", "SWITCH")
STATUSES = ("ACTIVE", "PENDING", "CANCELLED")
ACTIVE, PENDING, CANCELLED = range(3)

_SUPPLIER_BINS = pl.Series(
    [
        index
        for kind in range(len(CLASSES))
        for index in bins([supplier.shares[kind] for supplier in SUPPLIERS])
    ],
    dtype=pl.Int16,
)


def _supplier(draws: Draws, slot: int) -> pl.Expr:
    return pick(
        _SUPPLIER_BINS,
        pl.col("kind").cast(pl.Int32) * BINS
        + (draws.uniform("Supplier", slot) * BINS).cast(pl.Int32),
    )


def _first_day(draws: Draws) -> pl.Expr:
    """First registrations: spread over the past, more of them recently; some new connections."""
    position = draws.uniform("first day")
    old = SWITCHING_FROM - 1 - (position * position * 8600).cast(pl.Int32)
    new = SWITCHING_FROM + (position * 2555).cast(pl.Int32)
    return pl.when(draws.chance(_NEW_CONNECTIONS, "new connection")).then(new).otherwise(old)


def histories(draws: Draws, plan: MigrationPlan, points: pl.DataFrame) -> pl.DataFrame:
    """The points with, per slot, the request and who holds the point after it.

    Columns of slot n: `day_n`, `asked_n` (Supplier of the request), `switch_n`, `cancelled_n`,
    `late_n` (days until it is known), `holder_n`, and of the next Switch after the slot: `next_n`,
    `next_known_n`, `last_n` (last day of the registration that the Switch ends).
    """
    point_of_year = draws.days(_SLOT_DAYS, "slot phase")
    frame = points.with_columns(
        first_day=_first_day(draws).cast(pl.Int32),
        phase=point_of_year,
        terminated=pl.when(draws.chance(0.012, "terminated"))
        .then(SWITCHING_FROM + draws.days(2190, "termination"))
        .otherwise(None)
        .cast(pl.Int32),
        holder_0=_supplier(draws, 0),
        rate=pick(pl.Series(_REQUESTS, dtype=pl.Float64), pl.col("kind")),
    )
    frame = frame.with_columns(
        terminated=pl.when(pl.col("terminated") > pl.col("first_day") + 100).then("terminated")
    )
    end_of_life = pl.col("terminated").fill_null(FOREVER) - 60
    for slot in range(1, SLOTS + 1):
        before = pl.col(f"holder_{slot - 1}")
        number, asked = pl.col(f"day_{slot}"), pl.col(f"asked_{slot}")
        start = SWITCHING_FROM + _SLOT_DAYS * (slot - 1)
        frame = frame.with_columns(
            (start + pl.col("phase") + draws.days(_LAST_OFFSET, "Switch day", slot)).alias(
                f"day_{slot}"
            ),
            _supplier(draws, slot).alias(f"asked_{slot}"),
        ).with_columns(
            requested=draws.chance(pl.col("rate"), "Switch", slot)
            & (number > pl.col("first_day") + 60)
            & (number < end_of_life)
            & (asked != before),
            barred=(number >= M14)
            & ~plan.is_qualified(asked, pl.col("segment"), number)
            & ~draws.chance(_BREACH, "goes through", slot),
            withdrawn=draws.chance(_CANCELLED, "cancelled", slot),
        )
        cancelled = pl.col("barred") | pl.col("withdrawn")
        frame = frame.with_columns(
            (pl.col("requested") & ~cancelled).alias(f"switch_{slot}"),
            (pl.col("requested") & cancelled).alias(f"cancelled_{slot}"),
            pl.when(pl.col("requested") & ~cancelled)
            .then(asked)
            .otherwise(before)
            .alias(f"holder_{slot}"),
            _days_late(draws, slot).alias(f"late_{slot}"),
        )
    return _with_next(draws, frame.drop("requested", "barred", "withdrawn", "rate", "phase"))


def _days_late(draws: Draws, slot: int) -> pl.Expr:
    position = draws.uniform("late", slot)
    late = (position / _LATE * 5).cast(pl.Int32) + 1
    return pl.when(position < _LATE).then(late).otherwise(0).cast(pl.Int32)


def _with_next(draws: Draws, frame: pl.DataFrame) -> pl.DataFrame:
    """Adds the next Switch after each slot, from the last slot back to the first."""
    nothing = pl.lit(None, dtype=pl.Int32)
    frame = frame.with_columns(
        nothing.alias(f"{name}_{SLOTS}") for name in ("next", "next_known", "last")
    )
    for slot in range(SLOTS, 0, -1):
        number, follows = pl.col(f"day_{slot}"), pl.col(f"switch_{slot}")
        fault = draws.uniform("fault", slot)
        days_off = (draws.uniform("fault length", slot) * 10).cast(pl.Int32) + 1
        last = (
            pl.when(fault < _OVERLAP)
            .then(number - 1 + days_off)
            .when(fault < _GAP)
            .then(number - 1 - days_off)
            .otherwise(number - 1)
        )
        values = {"next": number, "next_known": number + pl.col(f"late_{slot}"), "last": last}
        frame = frame.with_columns(
            pl.when(follows)
            .then(value)
            .otherwise(pl.col(f"{name}_{slot}"))
            .alias(f"{name}_{slot - 1}")
            for name, value in values.items()
        )
    return frame


REGISTRATION_VERSION = pl.Schema(
    {
        "point": pl.UInt64,
        "serial": pl.Int64,
        "supplier": pl.Int16,
        "type": pl.Int8,
        "status": pl.Int8,
        "requested": pl.Int32,
        "minute": pl.Int32,
        "effective_from": pl.Int32,
        "effective_to": pl.Int32,
        "rmp": pl.Int8,
        "mp": pl.Int8,
        "known_from": pl.Int32,
        "known_to": pl.Int32,
        "deletes": pl.Boolean,
    }
)
RMP_STATUSES, MP_STATUSES = ("C", "O", "T"), ("N", "R", "T", "X")


def _requests(draws: Draws, frame: pl.DataFrame, slot: int) -> pl.DataFrame:
    """The registrations that begin in a slot (0: first registrations), known when or not at all."""
    if slot == 0:
        number, cancelled, late = pl.col("first_day"), pl.lit(False), pl.lit(0)
    else:
        frame = frame.filter(pl.col(f"switch_{slot}") | pl.col(f"cancelled_{slot}"))
        number, cancelled = pl.col(f"day_{slot}"), pl.col(f"cancelled_{slot}")
        late = pl.col(f"late_{slot}")
    lead_position = draws.uniform("lead", slot)
    # Most requests come a few days ahead, some up to four weeks.
    lead = 1 + (lead_position * lead_position * lead_position * LONGEST_LEAD).cast(pl.Int32)
    requested = number - lead
    if slot == 0:
        requested = pl.when(number > days.TIMESTAMPS_FROM).then(requested - 10)
    has_request = requested.is_not_null()
    answer = pl.min_horizontal(requested + 1 + draws.days(4, "answer", slot), number)
    return frame.select(
        "point",
        "mpan",
        serial=pl.lit(slot, dtype=pl.Int64),
        supplier=pl.col("holder_0" if slot == 0 else f"asked_{slot}"),
        type=pl.lit(min(slot, 1), dtype=pl.Int8),
        requested=requested,
        minute=draws.days(1440, "minute", slot),
        effective_from=number,
        cancelled=cancelled,
        taken_out=cancelled & draws.chance(_DELETED, "taken out", slot) if slot else pl.lit(False),
        asked_on=pl.when(has_request).then(requested).otherwise(LONG_AGO),
        decided=pl.when(cancelled)
        .then(answer)
        .when(has_request)
        .then(number + late)
        .otherwise(LONG_AGO),
        last=pl.col(f"last_{slot}"),
        ended=pl.col(f"next_known_{slot}"),
        terminated=pl.when(pl.col(f"next_{slot}").is_null()).then(pl.col("terminated")),
    )


def registration_versions(draws: Draws, histories: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Versions of the extract registration, in the columns of `REGISTRATION_VERSION`."""
    rows = pl.concat([_requests(draws, histories, slot) for slot in range(SLOTS + 1)])
    fate = draws.uniform("end of life")
    has_end_date, disconnected = fate < 0.5, (fate < 0.3) | (fate >= 0.8)
    operational = pl.lit(RMP_STATUSES.index("O"), dtype=pl.Int8)
    traded = (
        pl.when(draws.chance(0.03, "registered only"))
        .then(MP_STATUSES.index("R"))
        .otherwise(MP_STATUSES.index("T"))
        .cast(pl.Int8)
    )
    rows = rows.with_columns(
        ended=pl.coalesce("ended", "terminated", pl.lit(FOREVER, dtype=pl.Int32)),
        traded=traded,
    )
    none = pl.lit(None, dtype=pl.Int32)
    cancelled = pl.col("cancelled")
    is_new = (pl.col("type") == 0) & ~cancelled
    lives_on = pl.col("terminated").is_null()

    def version(
        keep: pl.Expr, status: pl.Expr, start: pl.Expr, end: pl.Expr, **more: pl.Expr
    ) -> pl.DataFrame:
        columns = {
            "effective_to": none,
            "rmp": operational,
            "mp": pl.col("traded"),
            "deletes": pl.lit(False),
        } | more
        return (
            rows.with_columns(known_from=start, known_to=end)
            .filter(keep & window.touches())
            .with_columns(status=status.cast(pl.Int8), **columns)
            .select(pl.col(name).cast(kind) for name, kind in REGISTRATION_VERSION.items())
        )

    forever = pl.lit(FOREVER, dtype=pl.Int32)
    return pl.concat(
        [
            version(
                pl.col("asked_on") > LONG_AGO,
                pl.lit(PENDING),
                pl.col("asked_on"),
                pl.col("decided"),
                rmp=pl.when(is_new).then(0).otherwise(operational),
                mp=pl.when(is_new).then(0).otherwise(pl.col("traded")),
                deletes=pl.col("taken_out"),
            ),
            version(~cancelled, pl.lit(ACTIVE), pl.col("decided"), pl.col("ended")),
            version(
                ~cancelled,
                pl.lit(ACTIVE),
                pl.col("ended"),
                forever,
                effective_to=pl.when(lives_on)
                .then(pl.col("last"))
                .when(has_end_date)
                .then(pl.col("terminated") - 1),
                rmp=pl.when(lives_on | (fate >= 0.8)).then(operational).otherwise(2),
                mp=pl.when(~lives_on & disconnected).then(3).otherwise(pl.col("traded")),
            ),
            version(
                cancelled & ~pl.col("taken_out"), pl.lit(CANCELLED), pl.col("decided"), forever
            ),
        ]
    )
