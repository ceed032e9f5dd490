"""Metering Equipment Managers and Data Services: who is ready, and what they serve."""

from __future__ import annotations

import polars as pl

from dashboards.data import store
from dashboards.data.store import View


def readiness(view: View) -> pl.DataFrame:
    """`rpt_agent_readiness`: the most points served while not Qualified first."""
    return store.query(
        view.path,
        "from marts.rpt_agent_readiness order by points_served_not_qualified desc, is_qualified, "
        "mhhs_points_served desc, mpid, market_role",
    )


def by_role(view: View) -> pl.DataFrame:
    """Agents, those Qualified, and points served, by role."""
    return store.query(
        view.path,
        """
        select
            market_role,
            count(*) as agents,
            count(*) filter (where is_qualified) as qualified,
            sum(mhhs_points_served)::bigint as mhhs_points_served,
            sum(points_served_not_qualified)::bigint as points_served_not_qualified,
            count(*) filter (where points_served_not_qualified > 0) as serving_not_qualified
        from marts.rpt_agent_readiness
        group by market_role
        order by list_position(['MSS', 'MSA', 'SDS', 'ADS', 'UMSDS'], market_role)
        """,
    )
