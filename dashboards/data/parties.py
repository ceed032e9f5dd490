"""One party in one role: its stages, the decisions about it, its exceptions by rule."""

from __future__ import annotations

import polars as pl

from dashboards.data import store
from dashboards.data.store import View
from pipeline.sql_text import severity_rank


def stages(view: View, mpid: str, market_role: str) -> pl.DataFrame:
    """Stages of Qualification, in their order."""
    return store.query(
        view.path,
        "from marts.fct_stage where mpid = ? and market_role = ? order by stage_order",
        (mpid, market_role),
    )


def approvals(view: View, mpid: str, market_role: str) -> pl.DataFrame:
    """Decisions of the bodies whose approval the role needs, in force on the as-of day or later."""
    return store.query(
        view.path,
        "from marts.fct_approval where mpid = ? and market_role = ? and is_required "
        "and valid_to > ? order by approval_body, market_segment, valid_from",
        (mpid, market_role, view.as_of),
    )


def exceptions(view: View, mpid: str) -> pl.DataFrame:
    """Exceptions of a party, in any role, by rule and severity, from the summary."""
    return store.query(
        view.path,
        f"""
        select
            rules.rule_id,
            rules.title,
            summary.severity,
            sum(summary.exceptions)::bigint as in_total,
            coalesce(sum(summary.exceptions) filter (where summary.status = 'OPEN'), 0)::bigint
                as open,
            coalesce(sum(summary.exceptions) filter (where summary.status = 'CLOSED'), 0)::bigint
                as closed,
            sum(summary.new_since_previous)::bigint as new,
            min(summary.oldest_on) as oldest_on
        from marts.rpt_exception_summary as summary
        inner join marts.dim_rule as rules using (rule_id)
        where summary.mpid = ? and summary.exceptions > 0
        group by rules.rule_id, rules.title, summary.severity
        order by
            {severity_rank("summary.severity")},
            rules.rule_id
        """,
        (mpid,),
    )
