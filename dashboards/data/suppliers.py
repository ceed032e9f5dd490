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
        order by list_position(['S', 'A', 'U'], market_segment), regime desc
        """,
        (mpid, view.as_of),
    )


def gsp_groups(view: View, mpid: str) -> pl.DataFrame:
    """Live points of a Supplier by GSP group: migrated, legacy, and held while not Qualified."""
    return store.query(
        view.path,
        """
        select
            gsp_group_id,
            coalesce(sum(metering_points) filter (where regime = 'MHHS'), 0)::bigint as migrated,
            coalesce(sum(metering_points) filter (where regime <> 'MHHS'), 0)::bigint as legacy,
            coalesce(sum(metering_points) filter (where not is_qualified), 0)::bigint
                as not_qualified
        from marts.rpt_gsp_group_position
        where supplier_mpid = ?
        group by gsp_group_id
        order by sum(metering_points) desc, gsp_group_id
        """,
        (mpid,),
    )


def flows(view: View, mpid: str) -> pl.DataFrame:
    """What a Supplier gained, lost, migrated and migrated back, by day of the last 13 weeks."""
    return store.query(
        view.path,
        """
        select
            date_day,
            flow,
            sum(metering_points)::bigint as points
        from marts.rpt_daily_flow
        where supplier_mpid = ? and date_day > ?
        group by date_day, flow
        order by date_day, flow
        """,
        (mpid, view.as_of - timedelta(days=SPARKLINE_DAYS)),
    )
