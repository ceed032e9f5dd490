"""What became of each file, given all files: a pure function of the load log.

Whether a full is shrunk, which of two contents of a name stands, and which deltas a full has
overtaken all depend on other files, and those may arrive in any order. So nothing of this is
stored: it is derived anew whenever it is asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.clock import today
from pipeline.contracts import EXTRACTS
from pipeline.intake.adapters import FEEDS
from pipeline.intake.log import Entry

FUTURE_DATE = "FUTURE_DATE"
SHRUNK = "SHRUNK"
# The outcomes of files whose lines are counted.
COUNTED = ("accepted", "superseded")
# A file may speak for a day that begins soon; a later one is a mistyped date.
DAYS_AHEAD = 7
# A full with fewer rows than this part of the one before is refused.
_LEAST_PART = (4, 5)


@dataclass(frozen=True)
class Outcome:
    """An entry with its fate. `stands`: its rows are part of what the files say."""

    entry: Entry
    outcome: str
    error: str | None
    stands: bool
    previous: Entry | None = None  # the full that a shrunk one is measured against


@dataclass(frozen=True)
class State:
    """The files that make the state of an extract: a full, then deltas in order.

    A file of a feed that changes the extract is one of them, before the extract's own of its day
    and sequence.
    """

    full: Entry | None
    deltas: tuple[Entry, ...]


def judge(entries: Iterable[Entry]) -> list[Outcome]:
    """The fate of every entry, in the order given, before any as-of day is chosen."""
    entries = list(entries)
    fates: dict[tuple[str, str], Outcome] = {}
    slots: dict[tuple[str, str, date, int], list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.withdrawn:
            fates[entry.identity] = Outcome(entry, "withdrawn", None, False)
        elif entry.error is not None:
            fates[entry.identity] = Outcome(entry, "refused", entry.error, False)
        elif is_future(entry.business_date) and not entry.allow_future_dates:
            fates[entry.identity] = Outcome(entry, "refused", FUTURE_DATE, False)
        else:
            slots[_slot(entry)].append(entry)
    previous: dict[str, Entry] = {}
    for (extract, kind, _, _), supplies in sorted(slots.items()):
        before = previous.get(extract) if kind == "full" else None
        standing: Entry | None = None
        for entry in sorted(_arrival_ranked(supplies), key=_preference, reverse=True):
            if before is not None and not entry.allow_shrunk and _is_shrunk(entry, before):
                fate = Outcome(entry, "refused", SHRUNK, False, before)
            elif standing is None:
                standing = entry
                fate = Outcome(entry, "accepted", None, True)
            else:
                fate = Outcome(entry, "superseded", None, False)
            fates[entry.identity] = fate
        if kind == "full" and standing is not None:
            previous[extract] = standing
    return [fates[entry.identity] for entry in entries]


def judge_as_of(entries: Iterable[Entry], as_of: date) -> list[Outcome]:
    """The fate of every entry as known on a day: deltas that a full has overtaken are so."""
    outcomes = judge(entries)
    fulls = {extract: _newest_full(outcomes, extract, as_of) for extract in EXTRACTS}
    result = []
    for outcome in outcomes:
        entry = outcome.entry
        if (
            outcome.stands
            and entry.kind == "delta"
            and all(_is_overtaken(entry, fulls[target]) for target in targets_of(entry))
        ):
            outcome = Outcome(entry, "superseded", None, False)
        result.append(outcome)
    return result


def state_of(outcomes: Sequence[Outcome], extract: str, as_of: date) -> State:
    """The files of the state of an extract, from what `judge_as_of` gave for the same day."""
    full = _newest_full(outcomes, extract, as_of)
    deltas = [
        outcome.entry
        for outcome in outcomes
        if outcome.stands
        and extract in targets_of(outcome.entry)
        and outcome.entry.kind == "delta"
        and _day(outcome.entry) <= as_of
        and not _is_overtaken(outcome.entry, full)
    ]
    return State(full, tuple(sorted(deltas, key=rank)))


def targets_of(entry: Entry) -> tuple[str, ...]:
    """The extracts whose state a file changes."""
    feed = FEEDS.get(entry.extract)
    return feed.targets if feed is not None else (entry.extract,)


def rank(entry: Entry) -> tuple[date, int, bool]:
    """The order of files in a state: what an extract says itself comes after what a feed says."""
    return (*_order(entry), entry.extract in EXTRACTS)


def is_future(business_date: date | None) -> bool:
    """Whether a file of this day is refused today."""
    return business_date is not None and business_date - today() > timedelta(DAYS_AHEAD)


def _is_overtaken(delta: Entry, full: Entry | None) -> bool:
    return full is not None and _day(delta) <= _day(full)


def _newest_full(outcomes: Sequence[Outcome], extract: str, as_of: date) -> Entry | None:
    fulls = (
        outcome.entry
        for outcome in outcomes
        if outcome.stands
        and extract in targets_of(outcome.entry)
        and outcome.entry.kind == "full"
        and _day(outcome.entry) <= as_of
    )
    return max(fulls, key=rank, default=None)


def _is_shrunk(entry: Entry, before: Entry) -> bool:
    part, whole = _LEAST_PART
    return entry.accepted * whole < before.accepted * part


def _arrival_ranked(supplies: list[Entry]) -> list[Entry]:
    return supplies[::-1]  # a stable sort then leaves the last to arrive first among equals


def _preference(entry: Entry) -> str:
    return entry.extracted_at or ""


def _slot(entry: Entry) -> tuple[str, str, date, int]:
    assert entry.kind is not None
    return (entry.extract, entry.kind, *_order(entry))


def _order(entry: Entry) -> tuple[date, int]:
    assert entry.sequence is not None
    return (_day(entry), entry.sequence)


def _day(entry: Entry) -> date:
    assert entry.business_date is not None
    return entry.business_date
