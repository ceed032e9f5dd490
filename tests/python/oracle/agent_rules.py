"""MEM-01, DS-01 and APP-01 to APP-03: Metering Equipment Managers and Data Services."""

from __future__ import annotations

from collections.abc import Iterator

from oracle.days import Days, first_of_spell, spells
from oracle.finding import Finding, finding
from oracle.market import DATA_ROLES, LEGACY_ROLES, METERING_ROLES, Appointment, Market
from oracle.parties import Parties
from oracle.points import Holding, Points


def agent_findings(market: Market, parties: Parties, points: Points) -> Iterator[Finding]:
    """Every exception of the agent rules."""
    for mpan in points.with_appointments():
        if points.is_registered(mpan):
            for appointment in points.appointments(mpan):
                yield from _not_qualified(market, parties, points, appointment)
                yield from _wrong_arrangements(market, points, appointment)
    for holding in points.holdings_on(market.as_of):
        if holding.is_live:
            yield from _not_served(market, points, holding)


def _days_so_far(market: Market, appointment: Appointment) -> range:
    """The days of an appointment up to and with the as-of day."""
    return range(appointment.first, min(appointment.end, market.as_of + 1))


def _not_qualified(
    market: Market, parties: Parties, points: Points, appointment: Appointment
) -> Iterator[Finding]:
    """MEM-01 and DS-01: each spell under MHHS in which the agent is not Qualified."""
    if appointment.role in METERING_ROLES:
        rule_id = "MEM-01"
    elif appointment.role in DATA_ROLES:
        rule_id = "DS-01"
    else:
        return
    party = (appointment.agent, appointment.role)
    qualified = parties.qualified_for_any(party)
    wrong = {
        day
        for day in _days_so_far(market, appointment)
        if points.regime(appointment.mpan, day) == "MHHS" and day not in qualified
    }
    for first, end in spells(wrong):
        is_open = market.as_of in range(first, end)
        yield finding(
            rule_id,
            appointment.appointment_id,
            first,
            "BREACH",
            "OPEN" if is_open else "CLOSED",
            ended=None if is_open else end,
            reason=parties.reason_without_segment(party, market.as_of if is_open else end - 1),
            mpid=appointment.agent,
            mpan=appointment.mpan,
        )


def _wrong_arrangements(
    market: Market, points: Points, appointment: Appointment
) -> Iterator[Finding]:
    """APP-03: a legacy role under MHHS, or an MHHS role under legacy, on the as-of day."""
    if appointment.role in LEGACY_ROLES:
        wrong_regime = "MHHS"
    elif appointment.role == "UMSO":
        return
    else:
        wrong_regime = "LEGACY"
    wrong = {
        day
        for day in _days_so_far(market, appointment)
        if points.regime(appointment.mpan, day) == wrong_regime
    }
    if market.as_of in wrong:
        yield finding(
            "APP-03",
            appointment.appointment_id,
            first_of_spell(wrong, market.as_of),
            "WARNING",
            "OPEN",
            mpid=appointment.agent,
            mpan=appointment.mpan,
        )


def _not_served(market: Market, points: Points, holding: Holding) -> Iterator[Finding]:
    """APP-01 and APP-02: under MHHS without a metering service, or without a data service."""
    mpan = holding.registration.mpan
    mhhs: Days = {day for day in points.mhhs_days(mpan) if day <= market.as_of}
    for rule_id, segments, roles in (
        ("APP-01", {"S", "A"}, METERING_ROLES),
        ("APP-02", {"S", "A", "U"}, DATA_ROLES),
    ):
        served: Days = set()
        for appointment in points.appointments(mpan):
            if appointment.role in roles:
                served |= set(_days_so_far(market, appointment))
        missing = mhhs - served
        if market.as_of in missing and holding.segment in segments:
            yield finding(
                rule_id,
                mpan,
                first_of_spell(missing, market.as_of),
                "WARNING",
                "OPEN",
                mpid=holding.supplier,
                mpan=mpan,
            )
