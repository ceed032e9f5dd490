"""SUP-01 to SUP-07: Suppliers, their holdings, their gains and their migrations."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from oracle.days import Days, first_of_spell
from oracle.finding import Finding, finding
from oracle.market import Event, Market, Registration
from oracle.parties import Parties
from oracle.points import Holding, Points


def supplier_findings(market: Market, parties: Parties, points: Points) -> Iterator[Finding]:
    """Every exception of the Supplier rules."""
    for holding in points.holdings_on(market.as_of):
        if holding.is_live:
            yield from _held(market, parties, points, holding)
    for registration in market.registrations:
        yield from _gained(market, parties, points, registration)
    for mpan in points.with_events():
        if points.is_registered(mpan):
            for event in points.events(mpan):
                yield from _migrated(market, parties, points, event)


def _held(market: Market, parties: Parties, points: Points, holding: Holding) -> Iterator[Finding]:
    """SUP-01 and SUP-06: a live holding on the as-of day."""
    as_of = market.as_of
    party = (holding.supplier, "SUP")
    if parties.is_qualified(party, holding.segment, as_of):
        return
    reason = parties.reason(party, holding.segment, as_of)
    not_qualified: Days = {
        day
        for day in range(holding.first, as_of + 1)
        if not parties.is_qualified(party, holding.segment, day)
    }
    key = holding.registration.registration_id
    mpan = holding.registration.mpan
    yield finding(
        "SUP-01",
        key,
        first_of_spell(not_qualified, as_of),
        "EXPOSURE" if as_of < market.m14 else "BREACH",
        "OPEN",
        reason=reason,
        mpid=holding.supplier,
        mpan=mpan,
    )
    if points.regime(mpan, as_of) == "MHHS":
        both = {day for day in not_qualified if points.regime(mpan, day) == "MHHS"}
        yield finding(
            "SUP-06",
            key,
            first_of_spell(both, as_of),
            "WARNING" if as_of < market.m14 else "BREACH",
            "OPEN",
            reason=reason,
            mpid=holding.supplier,
            mpan=mpan,
        )


def _gained(
    market: Market, parties: Parties, points: Points, row: Registration
) -> Iterator[Finding]:
    """SUP-03 and SUP-04: a registration that starts on or after M14, future ones too."""
    if row.status not in {"ACTIVE", "PENDING"} or row.first < market.m14:
        return
    party = (row.supplier, "SUP")
    if parties.is_qualified(party, row.segment, row.first):
        return
    if row.type == "INITIAL":
        rule_id, severity = "SUP-04", "REVIEW"
    elif row.first > market.as_of:
        rule_id, severity = "SUP-03", "WARNING"
    elif row.status == "ACTIVE":
        rule_id, severity = "SUP-03", "BREACH"
    else:
        rule_id, severity = "SUP-03", "REVIEW"
    ended = None
    if row.status == "ACTIVE" and row.first <= market.as_of:
        ended = _end_of_effect(
            market, row.first, lambda day: _holds_unqualified(parties, points, row, day)
        )
    yield finding(
        rule_id,
        row.registration_id,
        row.first,
        severity,
        "OPEN" if ended is None else "CLOSED",
        ended=ended,
        reason=parties.reason(party, row.segment, row.first),
        mpid=row.supplier,
        mpan=row.mpan,
        is_in_flight=row.requested is not None and row.requested < market.m14,
    )


def _migrated(market: Market, parties: Parties, points: Points, event: Event) -> Iterator[Finding]:
    """SUP-02, SUP-05 and SUP-07: events up to the as-of day of points that have a registration."""
    holding = points.holding_on(event.mpan, event.day)
    segment = points.segment_of_event(event.mpan, event.day)
    mpid = holding.supplier if holding else event.supplier
    if event.direction == "FORWARD":
        if mpid is None:
            reason = "UNKNOWN"
        elif parties.is_qualified((mpid, "SUP"), segment, event.day):
            return
        else:
            reason = parties.reason((mpid, "SUP"), segment, event.day)
        rule_id, severity = "SUP-02", "BREACH"
    elif event.day >= market.m14:
        rule_id, severity, reason = "SUP-05", "BREACH", None
    elif holding and parties.is_qualified((holding.supplier, "SUP"), segment, event.day):
        rule_id, severity, reason = "SUP-07", "REVIEW", None
    else:
        return
    status, ended = "RECORDED", None
    if rule_id == "SUP-05":
        ended = _end_of_effect(
            market, event.day, lambda day: points.regime(event.mpan, day) == "LEGACY"
        )
        status = "OPEN" if ended is None else "CLOSED"
    elif rule_id == "SUP-02" and holding is not None:
        ended = _end_of_effect(
            market,
            event.day,
            lambda day: (
                points.regime(event.mpan, day) == "MHHS"
                and _is_held_by(parties, points, event.mpan, holding.supplier, day)
            ),
        )
        status = "OPEN" if ended is None else "CLOSED"
    yield finding(
        rule_id,
        event.mpan,
        event.day,
        severity,
        status,
        ended=ended,
        reason=reason,
        mpid=mpid,
        mpan=event.mpan,
    )


def _end_of_effect(market: Market, first: int, stands: Callable[[int], bool]) -> int | None:
    """The first day from the event's up to the as-of day on which its effect does not last."""
    return next((day for day in range(first, market.as_of + 1) if not stands(day)), None)


def _holds_unqualified(parties: Parties, points: Points, row: Registration, on: int) -> bool:
    """Whether this very registration holds on the day, its Supplier not Qualified."""
    holding = points.holding_on(row.mpan, on)
    return (
        holding is not None
        and holding.registration.registration_id == row.registration_id
        and not parties.is_qualified((row.supplier, "SUP"), row.segment, on)
    )


def _is_held_by(parties: Parties, points: Points, mpan: str, supplier: str, on: int) -> bool:
    """Whether the Supplier holds on the day, not Qualified for the segment that it then holds."""
    holding = points.holding_on(mpan, on)
    return (
        holding is not None
        and holding.supplier == supplier
        and not parties.is_qualified((supplier, "SUP"), holding.segment, on)
    )
