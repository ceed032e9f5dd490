"""Suppliers: the readiness report, and all that one Supplier's page shows."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from dashboards.data import store
from dashboards.data.store import View

SPARKLINE_DAYS = 91


def readiness(view: View) -> pl.DataFrame:
    """`rpt_supplier_readiness`: the most points held while not Qualified first."""
    return store.query(
        view.path,
        "from marts.rpt_supplier_readiness "
        "order by points_not_qualified desc, is_qualified, live_metering_points desc, mpid",
    )


def segments(view: View) -> pl.DataFrame:
    """Which Supplier holds live points of which segment on the as-of day."""
    return store.query(
        view.path,
        "select distinct supplier_mpid as mpid, market_segment from marts.rpt_daily_position "
        "where date_day = ?",
        (view.as_of,),
    )


def sparklines(view: View) -> pl.DataFrame:
    """Live points per Supplier, one value a week for 13 weeks, the as-of day last."""
    return store.query(
        view.path,
        """
        select supplier_mpid as mpid, list(metering_points order by date_day) as points_by_week
        from (
            select supplier_mpid, date_day, sum(metering_points)::double as metering_points
            from marts.rpt_daily_position
            where date_day >= ? and date_diff('day', date_day, ?) % 7 = 0
            group by supplier_mpid, date_day
        ) as weekly
        group by supplier_mpid
        """,
        (view.as_of - timedelta(days=SPARKLINE_DAYS), view.as_of),
    )


def stages(view: View, mpid: str) -> pl.DataFrame:
    """Stages of a Supplier, in their order."""
    return store.query(
        view.path,
        "from marts.fct_stage where mpid = ? and market_role = 'SUP' order by stage_order",
        (mpid,),
    )


def approvals(view: View, mpid: str) -> pl.DataFrame:
    """Decisions on a Supplier that are in force on the as-of day or come later."""
    return store.query(
        view.path,
        "from marts.fct_approval where mpid = ? and market_role = 'SUP' and valid_to > ? "
        "order by approval_body, market_segment, valid_from",
        (mpid, view.as_of),
    )


def exceptions(view: View, mpid: str) -> pl.DataFrame:
    """Exceptions of a party by rule and severity, from the summary."""
    return store.query(
        view.path,
        """
        select
            rules.rule_id,
            rules.title,
            summary.severity,
            sum(summary.exceptions)::bigint as in_total,
            coalesce(sum(summary.exceptions) filter (where summary.status = 'OPEN'), 0)::bigint
                as open,
            sum(summary.new_since_previous)::bigint as new,
            min(summary.oldest_on) as oldest_on
        from marts.rpt_exception_summary as summary
        inner join marts.dim_rule as rules using (rule_id)
        where summary.mpid = ? and summary.exceptions > 0
        group by rules.rule_id, rules.title, summary.severity
        order by rules.rule_id, summary.severity
        """,
        (mpid,),
    )


def points(view: View, mpid: str) -> pl.DataFrame:
    """Live points of a Supplier on the as-of day, by segment and regime."""
    return store.query(
        view.path,
        """
        select
            market_segment,
            regime,
            metering_points,
            annual_kwh,
            is_qualified
        from marts.rpt_daily_position
        where supplier_mpid = ? and date_day = ?
        order by market_segment, regime
        """,
        (mpid, view.as_of),
    )
