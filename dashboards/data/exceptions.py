"""Exceptions: the register of rules, and the list that filters narrow."""

from __future__ import annotations

from typing import Any

import polars as pl

from dashboards.auth import require
from dashboards.data import store
from dashboards.data.store import View
from pipeline.export import LISTS, Filters, condition
from pipeline.sql_text import mpan_text

ROWS_PER_PAGE = 100


def register(view: View) -> pl.DataFrame:
    """Every rule with its open, new, resolved and oldest exceptions, from the summary."""
    return store.query(
        view.path,
        """
        select
            rules.*,
            coalesce(found.severities, []) as severities,
            coalesce(found.in_total, 0) as in_total,
            coalesce(found.open, 0) as open,
            coalesce(found.new, 0) as new,
            coalesce(found.resolved, 0) as resolved,
            if(found.rule_id is null, 0, found.escalated) as escalated,
            if(found.rule_id is null, 0, found.eased) as eased,
            found.oldest_on
        from marts.dim_rule as rules
        left join (
            select
                rule_id,
                list(distinct severity order by severity) filter (where exceptions > 0)
                    as severities,
                sum(exceptions)::bigint as in_total,
                coalesce(sum(exceptions) filter (where status = 'OPEN'), 0)::bigint as open,
                sum(new_since_previous)::bigint as new,
                sum(resolved_since_previous)::bigint as resolved,
                sum(escalated_since_previous)::bigint as escalated,
                sum(eased_since_previous)::bigint as eased,
                min(oldest_on) filter (where status = 'OPEN') as oldest_on
            from marts.rpt_exception_summary
            group by rule_id
        ) as found using (rule_id)
        order by rules.family <> 'Suppliers', rules.family, rules.rule_id
        """,
    )


def severity_totals(view: View) -> pl.DataFrame:
    """Exceptions per severity and status, from the summary."""
    return store.query(
        view.path,
        "select severity, status, sum(exceptions)::bigint as exceptions "
        "from marts.rpt_exception_summary group by severity, status order by severity, status",
    )


def parties(view: View) -> pl.DataFrame:
    """Parties that exceptions name, with the name where standing data gives one."""
    return store.query(
        view.path,
        """
        select summary.mpid, max(participants.participant_name) as participant_name
        from marts.rpt_exception_summary as summary
        left join (
            select mpid, participant_name from marts.dim_participant
            union all
            select mpid, participant_name from marts.rpt_supplier_readiness
        ) as participants using (mpid)
        where summary.exceptions > 0
        group by summary.mpid
        order by summary.mpid
        """,
    )


def count(view: View, filters: Filters) -> dict[str, Any]:
    """Rows, distinct Metering Points and parties that the filters select."""
    test, values = condition(LISTS["exceptions"], filters)
    return store.query(
        view.path,
        f"select count(*) as rows, count(distinct mpan) as metering_points, "
        f"count(distinct mpid) as parties from marts.fct_exception where {test}",
        tuple(values),
    ).to_dicts()[0]


def rows(view: View, filters: Filters, page: int) -> pl.DataFrame:
    """One page of the exceptions that the filters select, in the order of the export.

    Raises Forbidden: the rows name Metering Points.
    """
    require("compliance")
    exceptions = LISTS["exceptions"]
    test, values = condition(exceptions, filters)
    return store.query(
        view.path,
        f"select * replace ({mpan_text('mpan')} as mpan) from marts.{exceptions.mart} where {test} "
        f"order by {', '.join(exceptions.order_by)} limit ? offset ?",
        (*values, ROWS_PER_PAGE, (page - 1) * ROWS_PER_PAGE),
    )
