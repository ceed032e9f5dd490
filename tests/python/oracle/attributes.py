"""Attributes of an exception: of its key's row, else of the holding on the event's day or on A."""

from __future__ import annotations

from typing import Any

from oracle.evaluate import Evaluation
from oracle.finding import Finding
from oracle.market import Registration
from oracle.points import Holding

OF_THE_KEY = {"SUP-01", "SUP-03", "SUP-04", "SUP-06", "INT-01", "INT-02"}
OF_THE_EVENT = {"SUP-02", "SUP-05", "SUP-07"}
TRUE = {"t", "true", "1"}


def attributes(evaluation: Evaluation, found: Finding) -> dict[str, Any]:
    """What the exception says of its Metering Point; nothing without a row or a holding."""
    registration = _registration(evaluation, found)
    row = registration.row if registration else {}
    is_domestic = row.get("is_domestic") or None
    return {
        "market_segment": row.get("market_segment"),
        "gsp_group_id": row.get("gsp_group_id"),
        "ldso_mpid": row.get("ldso_mpid") or None,
        "is_domestic": None if is_domestic is None else is_domestic.lower() in TRUE,
        "annual_kwh": registration.kwh if registration else None,
        "regime": evaluation.points.regime(found.mpan, evaluation.market.as_of)
        if found.mpan
        else None,
    }


def _registration(evaluation: Evaluation, found: Finding) -> Registration | None:
    """The row that is asked; of two overlapping ones the later, which the finding is dated by."""
    if found.rule_id in OF_THE_KEY:
        wanted = found.subject_key.split("|")[-1]
        rows = evaluation.market.registrations
        return next(row for row in rows if row.registration_id == wanted)
    if found.mpan is None:
        return None
    if found.rule_id in OF_THE_EVENT and found.occurred_on:
        holding = _of_event(evaluation, found.mpan, found.occurred_on.toordinal())
    else:
        holding = evaluation.points.holding_on(found.mpan, evaluation.market.as_of)
    return holding.registration if holding else None


def _of_event(evaluation: Evaluation, mpan: str, on: int) -> Holding | None:
    """On the day, else the latest earlier one, else the earliest later one, as for its segment."""
    holdings = evaluation.points.holdings(mpan)
    on_the_day = evaluation.points.holding_on(mpan, on)
    earlier = [holding for holding in holdings if holding.first < on]
    return on_the_day or (earlier[-1] if earlier else holdings[0] if holdings else None)
