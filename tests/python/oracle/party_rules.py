"""DNO-01, QAL-01 to QAL-04 and REF-01: parties."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from oracle.days import Days, first_of_spell
from oracle.finding import Finding, finding
from oracle.market import LEGACY_ROLES, Market
from oracle.parties import Parties, Party
from oracle.points import Points

DNO_DISTRIBUTORS = {str(number) for number in range(10, 24)}


def party_findings(market: Market, parties: Parties, points: Points) -> Iterator[Finding]:
    """Every exception of the rules about parties."""
    for party in parties.all():
        if party[1] == "LDSO":
            yield from _dno(market, parties, party)
        if party[1] == "SUP":
            yield from _supplier_not_qualified(market, parties, party)
        yield from _approved_in_part(market, parties, party)
        yield from _not_in_standing_data(market, parties, party)
    yield from _overdue_stages(market, parties)
    yield from _unknown_participants(market, parties, points)


def _key(party: Party) -> str:
    return "|".join(party)


def _days_not_qualified(market: Market, parties: Parties, party: Party) -> Days:
    """Days up to the as-of day, from the first participant row on, not Qualified for anything."""
    qualified = parties.qualified_for_any(party)
    first = parties.first_row_on(party)
    return {day for day in range(first, market.as_of + 1) if day not in qualified}


def is_dno(parties: Parties, party: Party, on: int) -> bool:
    """A row in force on the day names 10 to 23."""
    return any(
        row.first <= on < row.end and row.distributor_id in DNO_DISTRIBUTORS
        for row in parties.rows(party)
    )


def _dno(market: Market, parties: Parties, party: Party) -> Iterator[Finding]:
    """DNO-01: a DNO that was not Qualified at the start of migration."""
    as_of, m11 = market.as_of, market.m11
    judged_on = min(as_of, m11)
    qualified = parties.qualified_for_any(party)
    if not is_dno(parties, party, judged_on) or judged_on in qualified:
        return
    if as_of < m11:
        first = first_of_spell(_days_not_qualified(market, parties, party), as_of)
        ended = None
    else:
        first = m11
        after = [day for day in range(m11 + 1, as_of + 1) if day in qualified]
        ended = min(after) if after else None
    yield finding(
        "DNO-01",
        _key(party),
        first,
        "EXPOSURE" if as_of < m11 else "BREACH",
        "OPEN" if ended is None else "CLOSED",
        ended=ended,
        reason=parties.reason_without_segment(party, as_of if ended is None else ended - 1),
        mpid=party[0],
    )


def _supplier_not_qualified(market: Market, parties: Parties, party: Party) -> Iterator[Finding]:
    """QAL-01: a Supplier in force, not Qualified for any segment."""
    as_of = market.as_of
    if as_of not in parties.in_force_days(party) or as_of in parties.qualified_for_any(party):
        return
    yield finding(
        "QAL-01",
        _key(party),
        first_of_spell(_days_not_qualified(market, parties, party), as_of),
        "EXPOSURE" if as_of < market.m14 else "BREACH",
        "OPEN",
        reason=parties.reason_without_segment(party, as_of),
        mpid=party[0],
    )


def _overdue_stages(market: Market, parties: Parties) -> Iterator[Finding]:
    """QAL-02: a stage overdue while the party is not Qualified."""
    for stage in market.stages:
        party = (stage.mpid, stage.role)
        if market.as_of in parties.qualified_for_any(party):
            continue
        if stage.planned is not None and stage.is_overdue(market.as_of):
            yield finding(
                "QAL-02",
                f"{_key(party)}|{stage.stage}",
                stage.planned + 1,
                "WARNING",
                "OPEN",
                mpid=party[0],
            )


def _approved_in_part(market: Market, parties: Parties, party: Party) -> Iterator[Finding]:
    """QAL-03: not Qualified for any segment, and some bodies, not all, have granted for one."""

    def is_so(day: int) -> bool:
        if day in parties.qualified_for_any(party):
            return False
        return any(
            parties.is_partial(party, segment, day) for segment in parties.segments(party[1])
        )

    if is_so(market.as_of):
        first = market.as_of
        while is_so(first - 1):
            first -= 1
        yield finding("QAL-03", _key(party), first, "REVIEW", "OPEN", mpid=party[0])


def _not_in_standing_data(market: Market, parties: Parties, party: Party) -> Iterator[Finding]:
    """QAL-04: Qualified, and no participant row in force."""
    days = parties.qualified_for_any(party) - parties.in_force_days(party)
    if market.as_of in days:
        first = first_of_spell(days, market.as_of)
        yield finding("QAL-04", _key(party), first, "WARNING", "OPEN", mpid=party[0])


def _unknown_participants(market: Market, parties: Parties, points: Points) -> Iterator[Finding]:
    """REF-01: holds or serves a point on the as-of day, and is not in force in that role."""
    since: dict[Party, list[int]] = defaultdict(list)
    for holding in points.holdings_on(market.as_of):
        since[holding.supplier, "SUP"].append(holding.first)
    for mpan in points.with_appointments():
        for appointment in points.appointments(mpan):
            if (
                points.is_registered(mpan)
                and appointment.role not in LEGACY_ROLES
                and appointment.first <= market.as_of < appointment.end
            ):
                since[appointment.agent, appointment.role].append(appointment.first)
    for party, days in since.items():
        if market.as_of not in parties.in_force_days(party):
            yield finding("REF-01", _key(party), min(days), "DATA", "OPEN", mpid=party[0])
