"""The Overview: the headline of the build and the way to M14 by day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from dashboards.data import store
from dashboards.data.store import View


def headline(view: View) -> dict[str, Any] | None:
    """The row of `rpt_m14_headline`."""
    rows = store.query(view.path, "from marts.rpt_m14_headline").to_dicts()
    return rows[0] if rows else None


def previous(kept: Sequence[View], shown: View) -> View | None:
    """The publication before: of the newest earlier as-of day the one built last."""
    earlier = [view for view in kept if view.as_of < shown.as_of]
    return max(earlier, key=lambda view: (view.as_of, view.built_at), default=None)


def points_by_day(view: View) -> pl.DataFrame:
    """All live points by day, and those whose Supplier is Qualified on the day."""
    return store.query(
        view.path,
        """
        select
            date_day,
            sum(metering_points)::bigint as points,
            coalesce(sum(metering_points) filter (where is_qualified), 0)::bigint as qualified
        from marts.rpt_daily_position
        group by date_day
        order by date_day
        """,
    )


def suppliers_qualified_by_day(view: View) -> pl.DataFrame:
    """Of the Suppliers of the readiness report, those Qualified on each day, in any segment."""
    return store.query(
        view.path,
        """
        with days as (select distinct date_day from marts.rpt_daily_position)
        select days.date_day, count(distinct spells.mpid) as qualified
        from days
        left join (
            select mpid, valid_from, valid_to
            from marts.fct_qualification
            where market_role = 'SUP' and mpid in (select mpid from marts.rpt_supplier_readiness)
        ) as spells
            on spells.valid_from <= days.date_day and days.date_day < spells.valid_to
        group by days.date_day
        order by days.date_day
        """,
    )
