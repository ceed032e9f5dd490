"""The extracts as records: text becomes days, and nothing is judged yet."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from oracle.days import OPEN, Days, day, first_day_after, settlement_day

Row = Mapping[str, str | None]
Extracts = Mapping[str, Sequence[Row]]

SEEDS = Path(__file__).parents[3] / "seeds"

REQUIRED_BODIES = {
    "SUP": {"BSC_PAB", "REC_CM", "DIP_MGR"},
    "LDSO": {"BSC_PAB", "REC_CM", "DIP_MGR"},
    "REGS": {"BSC_PAB", "REC_CM", "DIP_MGR"},
    "UMSO": {"BSC_PAB", "REC_CM", "DIP_MGR"},
    "MSS": {"REC_CM", "DIP_MGR"},
    "MSA": {"REC_CM", "DIP_MGR"},
    "SDS": {"BSC_PAB", "DIP_MGR"},
    "ADS": {"BSC_PAB", "DIP_MGR"},
    "UMSDS": {"BSC_PAB", "DIP_MGR"},
    "MDR": {"DIP_MGR"},
}
GRANTING_DECISIONS = {"APPROVED", "CONDITIONAL"}
METERING_ROLES = {"MSS", "MSA"}
DATA_ROLES = {"SDS", "ADS", "UMSDS"}
LEGACY_ROLES = {"MOP", "DC", "DA"}


@dataclass(frozen=True)
class Participant:
    mpid: str
    role: str
    distributor_id: str | None
    first: int
    end: int


@dataclass(frozen=True)
class Decision:
    mpid: str
    role: str
    body: str
    is_granted: bool
    segments: str
    first: int
    end: int

    def covers(self, segment: str) -> bool:
        """Segments matter for a Supplier alone; for another role a decision covers everything."""
        return self.role != "SUP" or segment in self.segments


@dataclass(frozen=True)
class Stage:
    mpid: str
    role: str
    stage: str
    tranche: str | None
    planned: int | None
    forecast: int | None
    completed: int | None

    def is_overdue(self, as_of: int) -> bool:
        """Planned for a day before the as-of day, and not complete by then."""
        if self.planned is None or self.planned >= as_of:
            return False
        return self.completed is None or self.completed > as_of


@dataclass(frozen=True)
class Registration:
    registration_id: str
    mpan: str
    supplier: str
    type: str
    status: str
    requested: int | None
    first: int
    end: int
    segment: str
    is_live: bool
    kwh: float | None
    row: Row


@dataclass(frozen=True)
class Event:
    mpan: str
    direction: str
    day: int
    supplier: str | None


@dataclass(frozen=True)
class Appointment:
    appointment_id: str
    mpan: str
    role: str
    agent: str
    status: str
    first: int
    end: int


class Market:
    """All extracts of a landing, as known on the as-of day."""

    def __init__(self, extracts: Extracts, as_of: str) -> None:
        self.as_of = day(as_of)
        self.participants = [_participant(row) for row in extracts.get("participant", [])]
        self.decisions = [_decision(row) for row in extracts.get("approval", [])]
        self.stages = [_stage(row) for row in extracts.get("stage", [])]
        self.registrations = [_registration(row) for row in extracts.get("registration", [])]
        self.events = [_event(row) for row in extracts.get("migration", [])]
        self.appointments = [_appointment(row) for row in extracts.get("appointment", [])]

    def decisions_of(self, mpid: str) -> list[Decision]:
        return self._decisions_by_mpid.get(mpid, [])

    @cached_property
    def _decisions_by_mpid(self) -> dict[str, list[Decision]]:
        decisions: dict[str, list[Decision]] = {}
        for decision in self.decisions:
            decisions.setdefault(decision.mpid, []).append(decision)
        return decisions

    @cached_property
    def horizon(self) -> int:
        """A day after the as-of day and after every date in the extracts but open ends."""
        intervals = [*self.participants, *self.decisions, *self.registrations, *self.appointments]
        days = {self.as_of} | {event.day for event in self.events}
        for interval in intervals:
            days |= {interval.first, interval.end}
        return max(d for d in days if d != OPEN) + 2

    def days_of(self, first: int, end: int) -> Days:
        """The days from `first` up to and without `end`, up to the horizon."""
        return set(range(first, min(end, self.horizon)))

    def milestone(self, name: str) -> int:
        """The date in the latest baseline known on the as-of day, else in the earliest."""
        rows = [
            (day(row["known_from"]), day(row["date"]))
            for row in _seed("rulebook/milestone.csv")
            if row["milestone"] == name
        ]
        known = [row for row in rows if row[0] <= self.as_of]
        return max(known)[1] if known else min(rows)[1]

    @cached_property
    def m11(self) -> int:
        return self.milestone("M11")

    @cached_property
    def m14(self) -> int:
        return self.milestone("M14")

    @cached_property
    def known_distributors(self) -> set[str]:
        return {row["distributor_id"] for row in _seed("reference/distributor.csv")}


def _seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _text(row: Row, column: str) -> str:
    value = row[column]
    if not value:
        raise ValueError(f"{column} is missing")
    return value


def _optional_day(value: str | None) -> int | None:
    return day(value) if value else None


def _participant(row: Row) -> Participant:
    return Participant(
        mpid=_text(row, "mpid"),
        role=_text(row, "market_role"),
        distributor_id=row.get("distributor_id") or None,
        first=day(_text(row, "effective_from")),
        end=first_day_after(row.get("effective_to")),
    )


def _decision(row: Row) -> Decision:
    return Decision(
        mpid=_text(row, "mpid"),
        role=_text(row, "market_role"),
        body=_text(row, "approval_body"),
        is_granted=row["decision"] in GRANTING_DECISIONS,
        segments=row.get("segments") or "SAU",
        first=day(_text(row, "effective_from")),
        end=first_day_after(row.get("effective_to")),
    )


def _stage(row: Row) -> Stage:
    return Stage(
        mpid=_text(row, "mpid"),
        role=_text(row, "market_role"),
        stage=_text(row, "stage"),
        tranche=row.get("tranche"),
        planned=_optional_day(row.get("planned_on")),
        forecast=_optional_day(row.get("forecast_on")),
        completed=_optional_day(row.get("completed_on")),
    )


def _registration(row: Row) -> Registration:
    kwh = row.get("annual_kwh")
    return Registration(
        registration_id=_text(row, "registration_id"),
        mpan=_text(row, "mpan"),
        supplier=_text(row, "supplier_mpid"),
        type=_text(row, "registration_type"),
        status=_text(row, "registration_status"),
        requested=settlement_day(row.get("requested_at")),
        first=day(_text(row, "effective_from")),
        end=first_day_after(row.get("effective_to")),
        segment=_text(row, "market_segment"),
        is_live=row["rmp_status"] != "T" and row["mp_status"] != "X",
        kwh=float(kwh) if kwh else None,
        row=row,
    )


def _event(row: Row) -> Event:
    return Event(
        mpan=_text(row, "mpan"),
        direction=_text(row, "direction"),
        day=day(_text(row, "effective_from")),
        supplier=row.get("supplier_mpid") or None,
    )


def _appointment(row: Row) -> Appointment:
    return Appointment(
        appointment_id=_text(row, "appointment_id"),
        mpan=_text(row, "mpan"),
        role=_text(row, "service_role"),
        agent=_text(row, "agent_mpid"),
        status=_text(row, "appointment_status"),
        first=day(_text(row, "effective_from")),
        end=first_day_after(row.get("effective_to")),
    )
