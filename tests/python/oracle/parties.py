"""Parties: who may act, who is Qualified on which day, and if not, why."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

from oracle.days import Days
from oracle.market import REQUIRED_BODIES, Decision, Market, Participant

Party = tuple[str, str]


class Parties:
    """Participants and decisions of a market, asked day by day."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self._rows: dict[Party, list[Participant]] = defaultdict(list)
        for participant in market.participants:
            self._rows[participant.mpid, participant.role].append(participant)
        self._decisions: dict[Party, list[Decision]] = defaultdict(list)
        for decision in market.decisions:
            self._decisions[decision.mpid, decision.role].append(decision)
        self.granted_days = cache(self._granted_days)
        self.qualified_days = cache(self._qualified_days)
        self.in_force_days = cache(self._in_force_days)

    def all(self) -> list[Party]:
        """Every mpid and role that has a participant row or a decision."""
        return sorted(set(self._rows) | set(self._decisions))

    def rows(self, party: Party) -> list[Participant]:
        return self._rows.get(party, [])

    def is_known(self, party: Party) -> bool:
        """A participant row exists, whatever its dates."""
        return bool(self.rows(party))

    def first_row_on(self, party: Party) -> int:
        return min(row.first for row in self.rows(party))

    def _in_force_days(self, party: Party) -> Days:
        days: Days = set()
        for row in self.rows(party):
            days |= self.market.days_of(row.first, row.end)
        return days

    @staticmethod
    def segments(role: str) -> list[str]:
        """The segments a party can be Qualified for; `*` stands for everything."""
        return ["S", "A", "U"] if role == "SUP" else ["*"]

    @staticmethod
    def required_bodies(role: str) -> set[str]:
        return REQUIRED_BODIES.get(role, set())

    def covering(self, party: Party, segment: str) -> list[Decision]:
        """Decisions of required bodies that cover the segment."""
        return [
            decision
            for decision in self._decisions.get(party, [])
            if decision.body in self.required_bodies(party[1]) and decision.covers(segment)
        ]

    def _granted_days(self, party: Party, body: str, segment: str) -> Days:
        """Days on which the decision in force of one body grants the segment."""
        decisions = [d for d in self.covering(party, segment) if d.body == body]
        decisions.sort(key=lambda decision: decision.first)
        granted: Days = set()
        for number, decision in enumerate(decisions):
            end = decision.end
            if number + 1 < len(decisions):
                end = min(end, decisions[number + 1].first)
            if decision.is_granted:
                granted |= self.market.days_of(decision.first, end)
        return granted

    def _qualified_days(self, party: Party, segment: str) -> Days:
        """Days on which every required body has granted the segment."""
        sets = [self.granted_days(party, body, segment) for body in self.required_bodies(party[1])]
        return set.intersection(*sets) if sets else set()

    def is_qualified(self, party: Party, segment: str, on: int) -> bool:
        return on in self.qualified_days(party, segment)

    def qualified_for_any(self, party: Party) -> Days:
        """Days on which the party is Qualified for at least one segment."""
        return set().union(*(self.qualified_days(party, s) for s in self.segments(party[1])))

    def is_partial(self, party: Party, segment: str, on: int) -> bool:
        """Some, not all, required bodies have granted."""
        bodies = self.required_bodies(party[1])
        granted = [body for body in bodies if on in self.granted_days(party, body, segment)]
        return 0 < len(granted) < len(bodies)

    def _is_future(self, party: Party, segment: str, on: int) -> bool:
        """No decision covers the segment yet, and on a later day it is Qualified for it."""
        if any(decision.first <= on for decision in self.covering(party, segment)):
            return False
        return any(d > on for d in self.qualified_days(party, segment))

    def _has_lapsed(self, party: Party, segment: str, on: int) -> bool:
        return any(d < on for d in self.qualified_days(party, segment))

    def reason(self, party: Party, segment: str, on: int) -> str:
        """Why the party is not Qualified for the segment on a day: the first that fits."""
        others = [s for s in self.segments(party[1]) if s != segment]
        if not self.is_known(party):
            return "UNKNOWN"
        if self._is_future(party, segment, on):
            return "FUTURE"
        if any(self.is_qualified(party, other, on) for other in others):
            return "SCOPE"
        if self._has_lapsed(party, segment, on):
            return "LAPSED"
        if self.is_partial(party, segment, on):
            return "PARTIAL"
        return "NONE"

    def reason_without_segment(self, party: Party, on: int) -> str:
        """The same where at least one segment is enough, and another scope cannot help."""
        segments = self.segments(party[1])
        if not self.is_known(party):
            return "UNKNOWN"
        if any(self._is_future(party, segment, on) for segment in segments):
            return "FUTURE"
        if any(self._has_lapsed(party, segment, on) for segment in segments):
            return "LAPSED"
        if any(self.is_partial(party, segment, on) for segment in segments):
            return "PARTIAL"
        return "NONE"
