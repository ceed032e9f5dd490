"""Metering Points: who holds them, and under which arrangements, day by day."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from oracle.days import Days
from oracle.market import Appointment, Event, Market, Registration


@dataclass(frozen=True)
class Holding:
    registration: Registration
    first: int
    end: int

    @property
    def supplier(self) -> str:
        return self.registration.supplier

    @property
    def segment(self) -> str:
        return self.registration.segment

    @property
    def is_live(self) -> bool:
        return self.registration.is_live

    def covers(self, on: int) -> bool:
        return self.first <= on < self.end


class Points:
    """Registrations, migration events and appointments that take part on the as-of day."""

    def __init__(self, market: Market) -> None:
        self.market = market
        as_of = market.as_of
        self._registrations: dict[str, list[Registration]] = defaultdict(list)
        for registration in market.registrations:
            if registration.status == "ACTIVE" and registration.first <= as_of:
                self._registrations[registration.mpan].append(registration)
        for rows in self._registrations.values():
            rows.sort(key=lambda row: (row.first, row.registration_id))
        self._events: dict[str, list[Event]] = defaultdict(list)
        for event in market.events:
            if event.day <= as_of:
                self._events[event.mpan].append(event)
        self._appointments: dict[str, list[Appointment]] = defaultdict(list)
        for appointment in market.appointments:
            if appointment.status == "ACTIVE" and appointment.first <= as_of:
                self._appointments[appointment.mpan].append(appointment)
        self.holdings = cache(self._holdings)
        self.mhhs_days = cache(self._mhhs_days)

    def registered(self) -> list[str]:
        """MPANs with an ACTIVE registration that has begun."""
        return sorted(self._registrations)

    def is_registered(self, mpan: str) -> bool:
        return mpan in self._registrations

    def registrations(self, mpan: str) -> list[Registration]:
        """ACTIVE registrations that have begun, in holding order."""
        return self._registrations.get(mpan, [])

    def with_events(self) -> list[str]:
        return sorted(self._events)

    def events(self, mpan: str) -> list[Event]:
        return self._events.get(mpan, [])

    def with_appointments(self) -> list[str]:
        return sorted(self._appointments)

    def appointments(self, mpan: str) -> list[Appointment]:
        """ACTIVE appointments that have begun."""
        return self._appointments.get(mpan, [])

    def _holdings(self, mpan: str) -> list[Holding]:
        """Each holds up to its end or the start of the next; empty ones are left out."""
        rows = self.registrations(mpan)
        holdings = []
        for number, row in enumerate(rows):
            end = row.end
            if number + 1 < len(rows):
                end = min(end, rows[number + 1].first)
            if row.first < end:
                holdings.append(Holding(row, row.first, end))
        return holdings

    def holding_on(self, mpan: str, on: int) -> Holding | None:
        found = [holding for holding in self.holdings(mpan) if holding.covers(on)]
        if len(found) > 1:
            raise AssertionError(f"{mpan} has more than one holder on a day")
        return found[0] if found else None

    def holdings_on(self, on: int) -> list[Holding]:
        """The holdings of all points on a day."""
        found = (self.holding_on(mpan, on) for mpan in self.registered())
        return [holding for holding in found if holding is not None]

    def segment_of_event(self, mpan: str, on: int) -> str:
        """Of the holding on the day, else the latest earlier one, else the earliest later one."""
        holding = self.holding_on(mpan, on)
        if holding is None:
            earlier = [h for h in self.holdings(mpan) if h.first < on]
            later = [h for h in self.holdings(mpan) if h.first > on]
            if earlier:
                holding = max(earlier, key=lambda h: h.first)
            else:
                holding = min(later, key=lambda h: h.first)
        return holding.segment

    def _mhhs_days(self, mpan: str) -> Days:
        """Days under the MHHS arrangements: the last event on or before the day is FORWARD."""
        directions: dict[int, set[str]] = defaultdict(set)
        for event in self.events(mpan):
            directions[event.day].add(event.direction)
        days: Days = set()
        if not directions:
            return days
        regime = "LEGACY"
        for on in range(min(directions), self.market.horizon):
            if "REVERSE" in directions[on]:
                regime = "LEGACY"
            elif "FORWARD" in directions[on]:
                regime = "MHHS"
            if regime == "MHHS":
                days.add(on)
        return days

    def regime(self, mpan: str, on: int) -> str:
        return "MHHS" if on in self.mhhs_days(mpan) else "LEGACY"
