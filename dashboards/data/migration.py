"""The migration: how far it is, its pace, what went back, what is left and where."""

from __future__ import annotations

from typing import Any

import polars as pl

from dashboards.data import store
from dashboards.data.store import View


def outlook(view: View) -> dict[str, Any] | None:
    """The row of `rpt_m15_outlook`."""
    rows = store.query(view.path, "from marts.rpt_m15_outlook").to_dicts()
    return rows[0] if rows else None


def migrated_by_day(view: View) -> pl.DataFrame:
    """Live points under MHHS and their annual consumption, by day."""
    return store.query(
        view.path,
        """
        select
            date_day,
            coalesce(sum(metering_points) filter (where regime = 'MHHS'), 0)::bigint as points,
            coalesce(sum(annual_kwh) filter (where regime = 'MHHS'), 0)::double as kwh
        from marts.rpt_daily_position
        group by date_day
        order by date_day
        """,
    )


def reversals_by_day(view: View) -> pl.DataFrame:
    """Reverse Migrations by day, days without one left out."""
    return store.query(
        view.path,
        "select date_day, sum(metering_points)::bigint as points from marts.rpt_daily_flow "
        "where flow = 'REVERSE' group by date_day order by date_day",
    )


def remaining(view: View) -> pl.DataFrame:
    """Suppliers that still have points to migrate: who falls furthest short of M15's pace first."""
    return store.query(
        view.path,
        """
        select
            mpid,
            participant_name,
            readiness_status,
            live_metering_points,
            migrated_points,
            points_to_migrate,
            needed_per_working_day,
            pace_per_working_day,
            greatest(needed_per_working_day - pace_per_working_day, 0) as short_per_working_day
        from marts.rpt_supplier_readiness
        where points_to_migrate > 0
        order by short_per_working_day desc nulls last, points_to_migrate desc, mpid
        """,
    )


def gsp_groups(view: View) -> pl.DataFrame:
    """`rpt_gsp_group_progress`, the least migrated group first."""
    return store.query(
        view.path, "from marts.rpt_gsp_group_progress order by migrated_share, gsp_group_id"
    )
