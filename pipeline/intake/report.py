"""What one run says of each file of the landing folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import Enum, auto
from typing import Any

from pipeline.clock import today
from pipeline.intake.log import Entry
from pipeline.intake.names import LandingFile, parse_name
from pipeline.intake.outcomes import COUNTED, DAYS_AHEAD, FUTURE_DATE, SHRUNK, Outcome


class Taken(Enum):
    """What a run did with a file."""

    NOW = auto()
    BEFORE = auto()  # same name and content as in an earlier run
    CHANGING = auto()  # left alone: it was written to while it was read
    UNREACHED = auto()  # left alone: the operating system could not read it


@dataclass(frozen=True)
class FileOutcome:
    """One file in one run; `detail` says it to a person: what, where, why, what to do."""

    file: str
    extract: str
    kind: str | None
    business_date: date | None
    sequence: int | None
    sha256: str
    outcome: str
    error: str | None
    lines: int
    accepted: int
    quarantined: int
    repeated: int
    noted: int
    ignored: int
    unknown_columns: str
    detail: str
    first_seen: bool = False  # in this run: this content under this name


@dataclass(frozen=True)
class LoadSummary:
    """Every file of the landing folder, and what lies there that no extract knows."""

    files: tuple[FileOutcome, ...]
    strays: tuple[str, ...]

    @property
    def refused(self) -> list[FileOutcome]:
        return [file for file in self.files if file.outcome == "refused"]

    def refusals(self) -> list[dict[str, Any]]:
        """The refused files as `run --json` and `daily --json` list them."""
        return [
            {name: getattr(file, name) for name in ("file", "error", "detail", "first_seen")}
            for file in self.refused
        ]

    @property
    def has_new_refusals(self) -> bool:
        """Whether a file was refused that no earlier run has seen."""
        return any(file.first_seen for file in self.refused)


def report(
    landing_file: LandingFile, taken: Taken, fate: Outcome | None, why: str = ""
) -> FileOutcome:
    """Describe one file; `fate` is None only for a file that was left alone and not logged."""
    if fate is None:
        entry = Entry(landing_file.file, landing_file.extract, "")
        name = parse_name(landing_file.extract, landing_file.path.name)
        if name is not None:
            entry = replace(
                entry, kind=name.kind, business_date=name.business_date, sequence=name.sequence
            )
        if taken is Taken.UNREACHED:
            outcome, error = "refused", "UNREADABLE"
            detail = (
                f"{entry.file} was refused, UNREADABLE: this machine could not read it ({why}). "
                "That says nothing about its content: the file stays new, and the next run tries "
                "again."
            )
        else:
            outcome, error = "skipped", None
            detail = f"{entry.file} changed while it was read and was left for the next run."
    else:
        entry, outcome, error = fate.entry, fate.outcome, fate.error
        if taken is Taken.BEFORE and outcome in COUNTED:
            outcome = "skipped"
        detail = _detail(fate, outcome)
    counted = outcome in COUNTED
    return FileOutcome(
        file=entry.file,
        extract=entry.extract,
        kind=entry.kind,
        business_date=entry.business_date,
        sequence=entry.sequence,
        sha256=entry.sha256,
        outcome=outcome,
        error=error,
        lines=entry.lines if counted else 0,
        accepted=entry.accepted if counted else 0,
        quarantined=entry.quarantined if counted else 0,
        repeated=entry.repeated if counted else 0,
        noted=entry.noted if counted else 0,
        ignored=entry.ignored_messages if counted else 0,
        unknown_columns=entry.unknown_columns if counted else "",
        detail=detail,
    )


def is_ahead(file: Entry | FileOutcome) -> bool:
    """Whether a file is dated after the day of intake, the only clock that intake reads."""
    return file.business_date is not None and file.business_date > today()


def future_in_words(business_date: date | None) -> str:
    """Why a file of this day is refused."""
    return (
        f"its business date {business_date} is more than {DAYS_AHEAD} days after today, "
        f"{today()}; correct the date in its name, or load with --allow-future-dates."
    )


def _detail(fate: Outcome, outcome: str) -> str:
    entry = fate.entry
    if outcome == "skipped":
        return f"{entry.file} was loaded before with the same content and was skipped."
    if outcome == "withdrawn":
        return (
            f"{entry.file} was withdrawn and is not loaded again; other content under its name is "
            "a new supply."
        )
    if fate.error == FUTURE_DATE and entry.error is None:
        return (
            f"{entry.file} was refused, FUTURE_DATE: {future_in_words(entry.business_date)} An "
            "earlier run accepted it: `python -m pipeline withdraw` takes it back for good."
        )
    if fate.error == SHRUNK and fate.previous is not None:
        return (
            f"{entry.file} was refused, SHRUNK: {entry.accepted:,} rows after "
            f"{fate.previous.accepted:,} in {fate.previous.file}; "
            "send the whole, or load with --allow-shrunk if so many rows did go."
        )
    if fate.error is not None:
        return f"{entry.file} was refused, {fate.error}: {entry.detail}"
    parts = [f"{entry.accepted:,} of {entry.lines:,} lines of {entry.file} accepted"]
    if entry.quarantined:
        parts.append(f"{entry.quarantined:,} quarantined, see fct_quarantined_row")
    if entry.noted:
        parts.append(f"{entry.noted:,} values replaced by null, see fct_noted_value")
    if entry.repeated:
        parts.append(f"{entry.repeated:,} repeated to the letter")
    if entry.ignored:
        interfaces = ", ".join(
            f"{times:,} of {interface} {event}".rstrip()
            for interface, event, times in entry.ignored
        )
        parts.append(f"messages that are not used: {interfaces}")
    if entry.unknown_columns:
        parts.append(f"unknown columns ignored: {entry.unknown_columns}")
    if fate.outcome == "superseded":
        parts.append("a newer full or a newer supply of this name stands in its place")
    if is_ahead(entry):
        parts.append(f"warning: it is dated {entry.business_date}, in the future")
    return "; ".join(parts) + "."
