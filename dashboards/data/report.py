"""The board report: what was found by rule and severity, the rules and dates it rests on."""

from __future__ import annotations

import polars as pl

from dashboards.data import store
from dashboards.data.store import View
from pipeline.sql_text import severity_rank


def findings(view: View) -> pl.DataFrame:
    """Exceptions by rule and severity, from the summary: the most severe first."""
    return store.query(
        view.path,
        f"""
        select
            summary.severity,
            rules.rule_id,
            rules.title,
            coalesce(sum(summary.exceptions) filter (where summary.status = 'OPEN'), 0)::bigint
                as open,
            sum(summary.exceptions)::bigint as in_total,
            sum(summary.new_since_previous)::bigint as new,
            sum(summary.resolved_since_previous)::bigint as resolved,
            sum(summary.escalated_since_previous)::bigint as escalated,
            min(summary.oldest_on) filter (where summary.status = 'OPEN') as oldest_on
        from marts.rpt_exception_summary as summary
        inner join marts.dim_rule as rules using (rule_id)
        group by summary.severity, rules.rule_id, rules.title
        having sum(summary.exceptions) > 0 or sum(summary.resolved_since_previous) > 0
        order by
            {severity_rank("summary.severity")},
            rules.rule_id
        """,
    )


def rules(view: View) -> pl.DataFrame:
    """The register of rules, family by family."""
    return store.query(
        view.path, "from marts.dim_rule order by family <> 'Suppliers', family, rule_id"
    )


def milestones(view: View) -> pl.DataFrame:
    """The dates in use, by date."""
    return store.query(view.path, "from marts.dim_milestone order by milestone_date, milestone")


def sources(view: View) -> pl.DataFrame:
    """Per extract the files that speak for days up to the as-of day, and their lines."""
    return store.query(
        view.path,
        """
        select
            extract,
            max(business_date) filter (where outcome in ('accepted', 'superseded')) as newest_on,
            count(*) filter (where outcome in ('accepted', 'superseded')) as taken,
            count(*) filter (where outcome = 'refused') as refused,
            sum(lines)::bigint as lines,
            sum(quarantined)::bigint as quarantined
        from marts.rpt_load
        where business_date <= ? and extract is not null
        group by extract
        order by extract
        """,
        (view.as_of,),
    )
