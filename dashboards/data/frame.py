"""What every page shows around its own figures: freshness, milestones, comparison."""

from __future__ import annotations

from datetime import date
from typing import cast

from dashboards.data import store
from dashboards.data.store import View


def newest_registration_day(view: View) -> date | None:
    """Business date of the newest accepted registration file."""
    found = store.query(
        view.path,
        "select max(business_date) from marts.rpt_load "
        "where extract = 'registration' and outcome = 'accepted'",
    )
    return cast("date | None", found.item())


def milestone_day(view: View, milestone: str) -> date | None:
    """The date of a milestone as used by this publication."""
    found = store.query(
        view.path,
        "select milestone_date from marts.dim_milestone where milestone = ?",
        (milestone,),
    )
    return found.item() if found.height else None


def has_previous(view: View) -> bool:
    """Whether the build compared its exceptions with an earlier publication."""
    found = store.query(
        view.path,
        "select coalesce(sum(exceptions) > sum(new_since_previous), false) "
        "or coalesce(sum(resolved_since_previous) > 0, false) from marts.rpt_exception_summary",
    )
    return bool(found.item())
