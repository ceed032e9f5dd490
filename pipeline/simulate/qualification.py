"""Decisions of the approving bodies, and who is Qualified on which day.

The decisions are the source; what the rest of the market does follows from them.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.simulate import days
from pipeline.simulate.cast import AGENTS, SEGMENTS, SUPPLIERS, Supplier
from pipeline.simulate.days import FOREVER, day
from pipeline.simulate.geography import DISTRIBUTOR_IDS, DISTRIBUTOR_MPIDS, DNOS
from pipeline.simulate.randomness import Draws

ALL_BODIES = ("DIP_MGR", "BSC_PAB", "REC_CM")
REQUIRED_BODIES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("SUP", "LDSO", "REGS", "UMSO"), ALL_BODIES),
    **dict.fromkeys(("MSS", "MSA"), ("DIP_MGR", "REC_CM")),
    **dict.fromkeys(("SDS", "ADS", "UMSDS"), ("DIP_MGR", "BSC_PAB")),
    "MDR": ("DIP_MGR",),
}
GRANTED = ("APPROVED", "CONDITIONAL")
_REFERENCE = {"DIP_MGR": "DIPM", "BSC_PAB": "PAB", "REC_CM": "RCM"}


@dataclass(frozen=True)
class Decision:
    """A decision of one body on one party in one role."""

    mpid: str
    role: str
    body: str
    decision: str
    decided_on: int
    effective_from: int
    effective_to: int | None = None
    segments: str = ""
    known_to: int = FOREVER

    @property
    def reference(self) -> str:
        decided = days.to_date(self.decided_on)
        return f"{_REFERENCE[self.body]}-{decided:%Y-%m}/{self.mpid}"


def _usual(
    draws: Draws, mpid: str, role: str, qualified_from: int, lead: int = 8
) -> list[Decision]:
    """Approval by each body on a day of its own; the last to decide sets the date."""
    bodies = REQUIRED_BODIES[role]
    leads = {body: lead + draws.below(38, "decision", mpid, role, body) for body in bodies}
    last = min(bodies, key=lambda body: leads[body])
    result: list[Decision] = []
    for body in bodies:
        decided = _weekday(qualified_from - leads[body])
        start = qualified_from if body == last or lead > 8 else min(qualified_from, decided + 7)
        fate = draws.number("decision fate", mpid, role, body)
        if fate < 0.08:
            deferred = decided - 35
            result.append(Decision(mpid, role, body, "DEFERRED", deferred, deferred))
        label = "CONDITIONAL" if fate > 0.93 else "APPROVED"
        result.append(Decision(mpid, role, body, label, decided, start))
        if label == "CONDITIONAL":
            lifted = start + 60 + draws.below(40, "conditions lifted", mpid, role, body)
            result.append(Decision(mpid, role, body, "APPROVED", _weekday(lifted - 5), lifted))
    return result


def _weekday(number: int) -> int:
    """The day, or the Friday before a weekend: bodies do not meet on those."""
    return number - max(days.to_date(number).isoweekday() - 5, 0)


def _of_supplier(draws: Draws, supplier: Supplier) -> list[Decision]:
    mpid = supplier.mpid

    def decided(body: str, label: str, on: str, start: str, end: str | None = None) -> Decision:
        last = day(end) if end else None
        return Decision(mpid, "SUP", body, label, day(on), day(start), last)

    match supplier.fate:
        case "NEVER" | "UNLISTED":
            return []
        case "DEFERRED":
            return [decided("BSC_PAB", "DEFERRED", "2026-09-24", "2026-09-24")]
        case "REJECTED":
            return [decided("BSC_PAB", "REJECTED", "2026-08-27", "2026-08-27")]
        case "PARTIAL":
            return [
                decided("DIP_MGR", "APPROVED", "2026-08-18", "2026-08-25"),
                decided("REC_CM", "APPROVED", "2026-09-10", "2026-09-17"),
                decided("BSC_PAB", "DEFERRED", "2026-09-24", "2026-09-24"),
            ]
    assert supplier.qualified_from
    start = day(supplier.qualified_from)
    if supplier.fate == "FUTURE":
        return _usual(draws, mpid, "SUP", start, lead=55)
    result = _usual(draws, mpid, "SUP", start)
    if supplier.fate == "EXEMPT":
        return [
            Decision(*_fields(row), segments="" if row.body == "DIP_MGR" else "AU")
            for row in result
        ]
    if supplier.fate == "WITHDRAWN":
        result.append(decided("REC_CM", "WITHDRAWN", "2026-07-16", "2026-07-20"))
    if supplier.fate == "REGAINED":
        others = [row for row in result if row.body != "BSC_PAB"]
        return [
            *others,
            decided("BSC_PAB", "CONDITIONAL", "2026-06-11", "2026-06-18", "2026-08-31"),
            decided("BSC_PAB", "APPROVED", "2026-10-01", "2026-10-05"),
        ]
    return result


def _fields(row: Decision) -> tuple[str, str, str, str, int, int]:
    return (row.mpid, row.role, row.body, row.decision, row.decided_on, row.effective_from)


def distributor_qualified_from(draws: Draws, index: int) -> int:
    """Every DNO is Qualified before migration starts but one, chosen by the seed: days late."""
    if index == draws.below(len(DNOS), "late DNO"):
        return days.M11 + 5
    if DISTRIBUTOR_IDS[index] <= 23:
        return days.M11 - 5 - draws.below(70, "DNO", index)
    return days.M11 - 20 + draws.below(160, "iDNO", index)


def decisions(draws: Draws) -> list[Decision]:
    """Every decision of the simulated years, in the order of the cast."""
    result: list[Decision] = []
    for supplier in SUPPLIERS:
        result += _of_supplier(draws, supplier)
    for agent in AGENTS:
        for role, qualified_from in agent.roles.items():
            if qualified_from:
                result += _usual(draws, agent.mpid, role, day(qualified_from))
        if agent.fate == "WITHDRAWN":
            on, start = day("2026-09-10"), day("2026-09-14")
            result.append(Decision(agent.mpid, "SDS", "DIP_MGR", "WITHDRAWN", on, start))
    for index, mpid in enumerate(DISTRIBUTOR_MPIDS):
        for role in ("LDSO", "REGS", "UMSO"):
            result += _usual(draws, mpid, role, distributor_qualified_from(draws, index))
    # Now and then a minute is entered for the wrong party and taken out again.
    for number in range(36):
        on = day("2025-11-05") + 21 * number
        start = day("2028-01-01") + number
        result.append(Decision("ZOSP", "SUP", "BSC_PAB", "APPROVED", on, start, known_to=on + 2))
    return result


def qualified_days(rows: list[Decision], mpid: str, role: str, segment: str) -> list[bool]:
    """For each tabulated day, whether the party is Qualified in the role for the segment."""
    result = [True] * days.TABLE_DAYS
    for body in REQUIRED_BODIES[role]:
        own = sorted(
            (
                row
                for row in rows
                if (row.mpid, row.role, row.body) == (mpid, role, body)
                and segment in (row.segments or "SAU")
                and row.known_to == FOREVER
            ),
            key=lambda row: row.effective_from,
        )
        granted = [False] * days.TABLE_DAYS
        for number, row in enumerate(own):
            following = own[number + 1].effective_from if number + 1 < len(own) else FOREVER
            last = min(FOREVER if row.effective_to is None else row.effective_to, following - 1)
            start = max(row.effective_from - days.TABLE_FROM, 0)
            stop = max(min(last - days.TABLE_FROM + 1, days.TABLE_DAYS), start)
            granted[start:stop] = [row.decision in GRANTED] * (stop - start)
        result = [both and one for both, one in zip(result, granted, strict=True)]
    return result


def supplier_table(rows: list[Decision]) -> list[list[bool]]:
    """`qualified_days` of every Supplier and segment, in blocks of Supplier * 3 + segment."""
    return [
        qualified_days(rows, supplier.mpid, "SUP", segment)
        for supplier in SUPPLIERS
        for segment in SEGMENTS
    ]
