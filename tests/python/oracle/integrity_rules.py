"""INT-01 to INT-05: what cannot be right in the extracts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from oracle.finding import Finding, finding
from oracle.market import Market
from oracle.points import Points

WEIGHTS = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)


def check_digit(mpan: str) -> int:
    """The check digit that the first twelve digits ask for."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, mpan[:12], strict=True))
    return total % 11 % 10


def integrity_findings(market: Market, points: Points) -> Iterator[Finding]:
    """Every exception of the integrity rules."""
    for mpan in points.registered():
        yield from _overlaps(points, mpan)
        yield from _gaps(points, mpan)
    yield from _numbers(market)
    yield from _orphans(points)


def _overlaps(points: Points, mpan: str) -> Iterator[Finding]:
    """INT-01: two neighbours in holding order share a day."""
    for earlier, later in pairwise(points.registrations(mpan)):
        if set(points.market.days_of(earlier.first, earlier.end)) & set(
            points.market.days_of(later.first, later.end)
        ):
            key = f"{earlier.registration_id}|{later.registration_id}"
            yield finding("INT-01", key, later.first, "DATA", "OPEN", mpan=mpan)


def _gaps(points: Points, mpan: str) -> Iterator[Finding]:
    """INT-02: a registration starts after every earlier one has ended, and days lie between."""
    rows = points.registrations(mpan)
    for number, row in enumerate(rows[1:], start=1):
        first_uncovered = max(earlier.end for earlier in rows[:number])
        if row.first > first_uncovered:
            key = row.registration_id
            yield finding("INT-02", key, first_uncovered, "DATA", "OPEN", mpan=mpan)


def _numbers(market: Market) -> Iterator[Finding]:
    """INT-03 and INT-04: the MPAN itself, in registrations of any status that have begun."""
    starts: dict[str, list[int]] = defaultdict(list)
    for registration in market.registrations:
        if registration.first <= market.as_of:
            starts[registration.mpan].append(registration.first)
    for mpan, days in starts.items():
        if int(mpan[12]) != check_digit(mpan):
            yield finding("INT-03", mpan, min(days), "DATA", "OPEN", mpan=mpan)
        if mpan[:2] not in market.known_distributors:
            yield finding("INT-04", mpan, min(days), "DATA", "OPEN", mpan=mpan)


def _orphans(points: Points) -> Iterator[Finding]:
    """INT-05: events and appointments of points without an ACTIVE registration that has begun."""
    for mpan in points.with_events():
        if not points.is_registered(mpan):
            first = min(event.day for event in points.events(mpan))
            yield finding("INT-05", f"migration|{mpan}", first, "DATA", "OPEN", mpan=mpan)
    for mpan in points.with_appointments():
        if not points.is_registered(mpan):
            for appointment in points.appointments(mpan):
                key = f"appointment|{appointment.appointment_id}"
                yield finding("INT-05", key, appointment.first, "DATA", "OPEN", mpan=mpan)
