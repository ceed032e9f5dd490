"""The sentences that pages and the board report open with, as markup: figures and days only."""

from __future__ import annotations

from datetime import date

import polars as pl

from dashboards.components import numbers, words


def suppliers_sentence(suppliers: pl.DataFrame, as_of: date, m14: date | None) -> str:
    """Who is not Qualified, and what their own dates say, from the readiness report."""
    total = suppliers.height
    waiting = suppliers.filter(~pl.col("is_qualified"))
    if waiting.is_empty():
        return f"<strong>All {total:,} Suppliers are Qualified</strong>."
    expected = pl.col("forecast_qualification_on")
    ahead = waiting.filter(expected > as_of).height
    passed = waiting.filter(expected <= as_of).height
    are = "is" if waiting.height == 1 else "are"
    if m14 is not None and as_of >= m14:
        what = f"{are} not Qualified and in breach of M14"
    else:
        at_risk = waiting.filter(pl.col("readiness_status") != "ON_TRACK").height
        some = f", {at_risk:,} of them" if at_risk < waiting.height else " and"
        what = f"{are} not Qualified{some} at risk of missing M14"
    return (
        f"<strong>{waiting.height:,} of {total:,} Suppliers {what}</strong>: "
        f"{ahead:,} with an expected date ahead, {passed:,} whose date has passed, "
        f"{waiting.height - ahead - passed:,} without a date."
    )


def exceptions_sentence(totals: pl.DataFrame) -> str:
    """Open breaches among all that the rules found, from `data.exceptions.severity_totals`."""
    rows = int(totals["exceptions"].sum())
    if not rows:
        return "<strong>No rule found an exception</strong>."
    open_breaches = int(
        totals.filter((pl.col("severity") == "BREACH") & (pl.col("status") == "OPEN"))[
            "exceptions"
        ].sum()
    )
    by_severity = {
        words.SEVERITY_PLURAL[code]: int(
            totals.filter(pl.col("severity") == code)["exceptions"].sum()
        )
        for code in words.SEVERITY
    }
    parts = ", ".join(
        f"{numbers.short(count)} {name}" for name, count in by_severity.items() if count
    )
    breaches = numbers.count_of(open_breaches, "open breach", "open breaches")
    return f"<strong>{breaches}</strong> among {numbers.count_of(rows, 'exception')}: {parts}."


def changes_title(new: int, resolved: int) -> str:
    """How many exceptions came and went; text, not markup."""
    came = "is" if new == 1 else "are"
    went = "is" if resolved == 1 else "are"
    return (
        f"{numbers.count_of(new, 'exception')} {came} new and {numbers.short(resolved)} {went} "
        "resolved"
    )
