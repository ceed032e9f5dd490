"""The cards of the Overview: six figures, each with the way to the rows behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from dashboards.components import numbers, words
from dashboards.components.cards import Card

Parameters = Callable[[Mapping[str, Sequence[str]]], dict[str, Any]]

NOT_QUALIFIED = [code for code in words.READINESS if code not in ("QUALIFIED", "EXEMPT_SCOPE")]


def headline_cards(headline: dict[str, Any], parameters: Parameters) -> list[Card]:
    """Six figures of `rpt_m14_headline`; `parameters` makes those of a link out of filters."""
    days = headline["days_to_m14"]
    m14 = numbers.day(headline["m14_date"])
    after = days <= 0

    def link(page: str, text: str, **filters: list[str]) -> tuple[str, str, dict[str, Any]]:
        return page, text, parameters(filters)

    points = headline["points_not_qualified"]
    missing = headline["suppliers"] - headline["suppliers_qualified"]
    reversals, gains = (
        headline["reverse_migrations_28_days"],
        headline["gained_not_qualified_28_days"],
    )
    breaches = headline["open_breaches"]
    first = headline["as_of"] - timedelta(days=27)
    window = f"{numbers.day(first)} to {numbers.day(headline['as_of'])}"
    return [
        Card(
            "Held by non-Qualified Suppliers",
            numbers.short(points),
            f"Metering Points, {numbers.percent(headline['points_not_qualified_share'])} of live; "
            f"{numbers.energy(headline['kwh_not_qualified'])} a year, "
            f"{numbers.percent(headline['kwh_not_qualified_share'])} of energy",
            "bad" if points and after else "",
            link("exceptions", "See these points", rule_id=["SUP-01"], status=["OPEN"]),
        ),
        Card(
            "Suppliers Qualified",
            f"{headline['suppliers_qualified']:,} of {headline['suppliers']:,}",
            "All are Qualified" if not missing else f"{missing:,} not Qualified in any segment",
            "good" if not missing else "",
            link("suppliers", "See those that are not", readiness_status=NOT_QUALIFIED)
            if missing
            else link("suppliers", "See the Suppliers"),
        ),
        Card(
            "Days since M14" if after else "Days to M14",
            f"{abs(days):,}",
            f"M14 {'was' if days < 0 else 'is'} {m14}: every Supplier Qualified, Reverse Migration "
            f"{'ceased' if after else 'ceases'}",
            link=link("plan", "See the plan"),
        ),
        Card(
            "Reverse Migrations, 28 days",
            numbers.short(reversals),
            f"{window}; none permitted since M14" if after else f"{window}; they end at M14",
            link=link("exceptions", "See those from M14", rule_id=["SUP-05"])
            if after
            else link("exceptions", "See those without cause", rule_id=["SUP-07"]),
        ),
        Card(
            "Gained by non-Qualified Suppliers, 28 days",
            numbers.short(gains),
            f"Metering Points by Switch, {window}; a breach on or after M14",
            link=link("exceptions", "See gains from M14", rule_id=["SUP-03"]),
        ),
        Card(
            "Open breaches",
            numbers.short(breaches),
            f"on {numbers.count_of(headline['open_breach_points'], 'Metering Point')}"
            if breaches
            else "No breach is open",
            "bad" if breaches else "good",
            link("exceptions", "See the breaches", severity=["BREACH"], status=["OPEN"]),
        ),
    ]
