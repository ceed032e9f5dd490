"""Will M15 hold, and is Reverse Migration ending? The answers in words, made from the marts."""

from __future__ import annotations

from datetime import date
from typing import Any

from dashboards.components import numbers


def outlook_sentence(outlook: dict[str, Any], reversals_28_days: int) -> str:
    """The answer of the Migration page in two sentences, as markup."""
    return f"{_m15(outlook)} {reversal_sentence(outlook, reversals_28_days)}"


def _m15(outlook: dict[str, Any]) -> str:
    m15 = numbers.long_day(outlook["m15_date"])
    left = outlook["points_to_migrate"]
    if left == 0:
        return f"<strong>Every live Metering Point has migrated</strong>; M15 is {m15}."
    points = numbers.count_of(left, "Metering Point")
    verb = "has" if left == 1 else "have"
    if outlook["verdict"] == "MISSED":
        return f"<strong>M15 ({m15}) was missed</strong>: {points} {verb} still to migrate."
    if outlook["verdict"] == "REACHED":
        return (
            f"<strong>M15 ({m15}) is reached</strong>: {points} {verb} still to migrate, within "
            "the tolerated share."
        )
    at_pace = (
        f"at the pace of the last 28 days the points are through {_when(outlook, '')} "
        f"and the energy {_when(outlook, 'kwh_')}"
    )
    state = "in reach" if outlook["verdict"] == "IN_REACH" else "at risk"
    slow = outlook["points_at_suppliers_too_slow"]
    with_slow = f", {slow:,} with Suppliers that are too slow for M15" if slow else ""
    return (
        f"<strong>M15 ({m15}) is {state}</strong>: {points} {verb} to migrate{with_slow}; "
        f"{at_pace}."
    )


def _when(outlook: dict[str, Any], prefix: str) -> str:
    """on 8 Feb 2027, 88 days before"""
    left = outlook["kwh_to_migrate" if prefix else "points_to_migrate"]
    if not left:
        return "already"
    day, margin = outlook[f"{prefix}expected_complete_on"], outlook[f"{prefix}days_margin_to_m15"]
    if day is None:
        return "not in sight"
    if margin == 0:
        return f"on {numbers.day(day)}, the very day"
    days = numbers.count_of(abs(margin), "day")
    return f"on {numbers.day(day)}, {days} {'before' if margin > 0 else 'after'} it"


def reversal_sentence(outlook: dict[str, Any], reversals_28_days: int) -> str:
    """Whether Reverse Migration has ended: before M14 it may go on, from M14 each is a breach."""
    m14 = numbers.long_day(outlook["m14_date"])
    recent = numbers.count_of(reversals_28_days, "Reverse Migration")
    if is_before_m14(outlook):
        return f"{recent} in 28 days; from M14 ({m14}) on each one is a breach."
    banned = outlook["reverse_migrations_from_m14"]
    if banned == 0:
        return f"Reverse Migration has ended: none since M14 ({m14})."
    each = "it is a breach" if banned == 1 else "each is a breach"
    last = numbers.day(outlook["last_reverse_migration_on"])
    return (
        f"<strong>Reverse Migration has not ended</strong>: {banned:,} since M14 ({m14}), {each}, "
        f"the last on {last}."
    )


def is_before_m14(outlook: dict[str, Any]) -> bool:
    as_of: date = outlook["as_of"]
    m14: date = outlook["m14_date"]
    return as_of < m14


def pace_title(done: str, pace: str, needed: str | None, margin: int | None) -> str:
    """81.7 % of points have migrated, and 297 a working day beat the 147 that M15 needs"""
    if needed is None:
        return done
    if margin is None or margin < 0:
        return f"{done}, but {pace} a working day fall short of the {needed} that M15 needs"
    return f"{done}, and {pace} a working day meet the {needed} that M15 needs"
