"""Days as whole numbers, sets of days, and spells.

A day is its ordinal (`date.toordinal`), so that a set of days is a plain set of numbers. Days after
the horizon of a market (every date in its extracts and the as-of day lie before it) are all alike,
so an open interval is the set of its days up to the horizon.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

Days = set[int]

OPEN = date(9999, 12, 31).toordinal()
BEGINNING = date(1, 1, 1).toordinal()
LONDON = ZoneInfo("Europe/London")


def day(text: str) -> int:
    """The day of an ISO date."""
    return date.fromisoformat(text).toordinal()


def first_day_after(effective_to: str | None) -> int:
    """The day after the last inclusive day of an extract; null and 9999-12-31 are open."""
    if not effective_to or effective_to == "9999-12-31":
        return OPEN
    return day(effective_to) + 1


def settlement_day(timestamp: str | None) -> int | None:
    """The settlement day of a timestamp with offset: its date in Europe/London."""
    if not timestamp:
        return None
    return datetime.fromisoformat(timestamp).astimezone(LONDON).date().toordinal()


def as_date(number: int | None) -> date | None:
    """The date of a day, null for none."""
    return None if number is None else date.fromordinal(number)


def first_of_spell(days: Days, on: int) -> int:
    """The first day of the unbroken run of days that contains `on`."""
    first = on
    while first - 1 in days:
        first -= 1
    return first


def spells(days: Days) -> list[tuple[int, int]]:
    """The unbroken runs of days, each with its first day and the first day after it."""
    runs = []
    for first in sorted(d for d in days if d - 1 not in days):
        end = first
        while end in days:
            end += 1
        runs.append((first, end))
    return runs
