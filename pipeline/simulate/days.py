"""Days as whole numbers, the milestones, and how long the simulated world lasts.

Inside the simulator a day is the number of days since 1 January 1970, which is how Polars stores a
date: arithmetic stays in integers and a cast makes the date.
"""

from __future__ import annotations

from datetime import date, timedelta

EPOCH = date(1970, 1, 1)


def day(iso: str) -> int:
    """The day number of an ISO date."""
    return of(date.fromisoformat(iso))


def of(value: date) -> int:
    """The day number of a date."""
    return (value - EPOCH).days


def to_date(number: int) -> date:
    """The date of a day number."""
    return EPOCH + timedelta(days=number)


M11 = day("2025-10-22")
M14 = day("2026-10-28")
M15 = day("2027-05-07")

# What is in an extract from before the simulated years is known since LONG_AGO; a version of a row
# that nothing replaces is known until FOREVER.
LONG_AGO = day("1990-01-01")
FOREVER = day("9999-12-31")

# Switches are drawn from here on, one year-long slot after the other.
SWITCHING_FROM = day("2021-11-01")
SLOTS = 6
# The first slot that can hold a Switch on or after M11: regimes are only followed from there.
FIRST_MHHS_SLOT = 4

# Days for which Qualification and the migration plan are tabulated.
TABLE_FROM = day("2025-10-01")
TABLE_DAYS = day("2028-12-31") - TABLE_FROM + 1

EARLIEST = date(2025, 1, 1)
LATEST = date(2027, 10, 31)

# First registrations from before the faster switching arrangements carry no timestamp.
TIMESTAMPS_FROM = day("2022-07-18")


def british_summer_time(number: int) -> bool:
    """Whether UK clocks are an hour ahead at noon of that day."""
    value = to_date(number)

    def last_sunday(month: int) -> date:
        last = date(value.year, month, 31)
        return last - timedelta(days=last.isoweekday() % 7)

    return last_sunday(3) <= value < last_sunday(10)


# English bank holidays on which nobody migrates Metering Points.
BANK_HOLIDAYS = frozenset(
    map(
        day,
        [
            *("2025-12-25", "2025-12-26", "2026-01-01", "2026-04-03", "2026-04-06", "2026-05-04"),
            *("2026-05-25", "2026-08-31", "2026-12-25", "2026-12-28", "2027-01-01", "2027-03-26"),
            *("2027-03-29", "2027-05-03", "2027-05-31", "2027-08-30", "2027-12-27", "2027-12-28"),
        ],
    )
)


def is_migration_day(number: int) -> bool:
    """Whether Suppliers migrate on that day: Monday to Friday, bank holidays aside."""
    return to_date(number).isoweekday() <= 5 and number not in BANK_HOLIDAYS
