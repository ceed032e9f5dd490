"""The sentences that pages and the board report open with, as markup: figures and days only."""

from __future__ import annotations

from datetime import date

import polars as pl

from dashboards.components import numbers, words
from dashboards.data import View

# Columns of the register: what can become of an exception between two publications.
CHANGES = ("new", "resolved", "escalated", "eased")


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


def not_compared(view: View, has_previous: bool) -> tuple[str, str] | None:
    """Why a publication shows no changes: a title and a sentence. None where it shows them."""
    if view.is_first_of_contract:
        return (
            "Definitions changed",
            f"This publication is the first one of contract {view.contract}. Some statuses and "
            "figures have another definition than in the publication before, so nothing is counted "
            "as new, resolved or escalated.",
        )
    if not has_previous:
        return (
            "Nothing to compare with yet",
            "No earlier publication was there when this one was built, so every exception counts "
            "as new. Changes are shown from the next as-of day.",
        )
    return None


def changes_title(register: pl.DataFrame) -> str:
    """How many exceptions came, went and became graver or less grave; text, not markup."""
    new, resolved, escalated, eased = (int(register[name].sum()) for name in CHANGES)
    parts = [numbers.count_of(new, "new exception"), f"{numbers.short(resolved)} resolved"]
    parts += [f"{numbers.short(escalated)} escalated"] if escalated else []
    parts += [f"{numbers.short(eased)} eased"] if eased else []
    return ", ".join(parts)
