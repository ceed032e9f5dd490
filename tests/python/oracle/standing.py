"""Where a party stands: Qualified since when and for what, how large, how far along the road."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from oracle.days import as_date, first_of_spell
from oracle.evaluate import Evaluation
from oracle.parties import Party
from oracle.points import Holding

STAGES = ["PQS", "PIT", "QAD_INITIAL", "TESTING", "QAD_FINAL"]


def qualified(evaluation: Evaluation, party: Party) -> dict[str, Any]:
    """Qualified on the as-of day or not, for which segments, and since when for any."""
    as_of, parties = evaluation.market.as_of, evaluation.parties
    segments = [s for s in parties.segments(party[1]) if parties.is_qualified(party, s, as_of)]
    return {
        "is_qualified": bool(segments),
        "qualified_segments": "".join(segments) or None,
        "qualified_from": qualified_from(evaluation, party),
    }


def qualified_from(evaluation: Evaluation, party: Party) -> date | None:
    """The first day of the spell of being Qualified for any segment that covers the as-of day."""
    days, as_of = evaluation.parties.qualified_for_any(party), evaluation.market.as_of
    return as_date(first_of_spell(days, as_of)) if as_of in days else None


def road(evaluation: Evaluation, party: Party) -> dict[str, Any]:
    """Stages behind and ahead, and the day on which the road is expected to end."""
    market = evaluation.market
    stages = sorted(
        (stage for stage in market.stages if (stage.mpid, stage.role) == party),
        key=lambda stage: STAGES.index(stage.stage),
    )
    is_done = [s.completed is not None and s.completed <= market.as_of for s in stages]
    done = [s for s, complete in zip(stages, is_done, strict=True) if complete]
    ahead = [s for s, complete in zip(stages, is_done, strict=True) if not complete]
    expected = [s.planned if s.forecast is None else s.forecast for s in stages]
    granted = [
        decision.first
        for decision in market.decisions
        if (decision.mpid, decision.role) == party
        and decision.is_granted
        and decision.body in evaluation.parties.required_bodies(party[1])
        and decision.first > market.as_of
    ]
    last = max([*granted, *(on for on in expected if on is not None)], default=None)
    next_due = None
    if ahead:
        next_due = ahead[0].planned if ahead[0].forecast is None else ahead[0].forecast
    planned = max((s.planned for s in stages if s.planned is not None), default=None)
    return {
        "current_stage": done[-1].stage if done else None,
        "next_stage": ahead[0].stage if ahead else None,
        "next_due_on": as_date(next_due),
        "overdue_stages": sum(stage.is_overdue(market.as_of) for stage in stages),
        "planned_qualification_on": as_date(planned),
        "forecast_qualification_on": as_date(last),
        "days_margin_to_m14": None if last is None else market.m14 - last,
    }


def size_bands(live: Iterable[Holding]) -> dict[str, str]:
    """The band of each Supplier of live points: by energy, by points where none is known."""
    live = list(live)
    points = Counter(holding.supplier for holding in live)
    kwh: dict[str, float] = {}
    for holding in live:
        if holding.registration.kwh is not None:
            kwh[holding.supplier] = kwh.get(holding.supplier, 0) + holding.registration.kwh
    total = sum(kwh.values())
    shares = {
        mpid: kwh[mpid] / total if mpid in kwh and total else points[mpid] / len(live)
        for mpid in points
    }
    return {
        mpid: "large" if share > 0.02 else "medium" if share > 0.005 else "small"
        for mpid, share in shares.items()
    }
