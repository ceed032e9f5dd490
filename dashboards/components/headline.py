"""The headline of the Overview: the answer in one sentence, made from the data."""

from __future__ import annotations

from typing import Any

from dashboards.components import numbers


def headline_sentence(headline: dict[str, Any], holders: int) -> str:
    """As markup: figures and days only. Before M14 it speaks of risk, from M14 of breach."""
    m14 = numbers.long_day(headline["m14_date"])
    days = headline["days_to_m14"]
    ahead = days > 0
    when = (
        f"{numbers.count_of(days, 'day')} before M14 ({m14})"
        if ahead
        else f"on M14 ({m14})"
        if days == 0
        else f"{numbers.count_of(-days, 'day')} after M14 ({m14})"
    )
    points = headline["points_not_qualified"]
    if points == 0:
        return f"<strong>Every live Metering Point is with a Qualified Supplier</strong>, {when}."
    are = "is" if points == 1 else "are"
    what = "at risk" if ahead else "in breach"
    whose = "a Supplier" if holders == 1 else f"{holders:,} Suppliers"
    verb = "is" if holders == 1 else "are"
    return (
        f"<strong>{numbers.count_of(points, 'Metering Point')} "
        f"({numbers.percent(headline['points_not_qualified_share'])}) {are} {what}</strong>: "
        f"held by {whose} that {verb} not Qualified for {'it' if points == 1 else 'them'}, {when}."
    )
