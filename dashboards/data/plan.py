"""The Qualification plan: tranches by stage, overdue stages, and how expected days moved."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from dashboards.data import store
from dashboards.data.store import View

# A publication that is not open yet takes some ten milliseconds to open.
MOST_COMPARED = 6


def roles(view: View) -> list[str]:
    """Market roles that have stages, the busiest first."""
    found = store.query(
        view.path,
        "select market_role from marts.rpt_tranche_progress group by market_role "
        "order by sum(parties) desc, market_role",
    )
    return found["market_role"].to_list()


def progress(view: View, market_roles: Sequence[str]) -> pl.DataFrame:
    """Parties, planned, completed and overdue by tranche and stage, of these roles or of all."""
    return store.query(
        view.path,
        """
        select
            tranche,
            stage,
            min(stage_order) as stage_order,
            sum(parties)::bigint as parties,
            sum(planned)::bigint as planned,
            sum(completed)::bigint as completed,
            sum(overdue)::bigint as overdue
        from marts.rpt_tranche_progress
        where len(?) = 0 or list_contains(?, market_role)
        group by tranche, stage
        order by tranche = '-', tranche, stage_order
        """,
        (list(market_roles), list(market_roles)),
    )


def overdue(view: View) -> pl.DataFrame:
    """Every overdue stage with its party, the latest first."""
    return store.query(
        view.path,
        """
        select
            stages.mpid,
            stages.market_role,
            parties.participant_name,
            coalesce(parties.is_qualified, false) as is_qualified,
            stages.stage,
            stages.tranche,
            stages.planned_on,
            stages.forecast_on,
            stages.days_late
        from marts.fct_stage as stages
        left join marts.dim_participant as parties
            on stages.mpid = parties.mpid and stages.market_role = parties.market_role
        where stages.is_overdue
        order by stages.days_late desc, stages.mpid, stages.market_role, stages.stage_order
        """,
    )


def compared(kept: Sequence[View], shown: View) -> list[View]:
    """The publications whose expected days are compared, oldest first, the shown one last.

    One per as-of day before the shown one's, and of many the first, the last, and some between.
    """
    newest_of_day: dict[object, View] = {}
    for view in sorted(kept, key=lambda each: each.built_at):
        if view.as_of < shown.as_of:
            newest_of_day[view.as_of] = view
    earlier = [newest_of_day[day] for day in sorted(newest_of_day, key=str)]
    room = MOST_COMPARED - 1
    if len(earlier) > room:
        last = len(earlier) - 1
        earlier = [earlier[round(last * step / (room - 1))] for step in range(room)]
    return [*earlier, shown]


def expected(view: View) -> pl.DataFrame:
    """When each Supplier and agent expects to be Qualified, or that it is, by one publication."""
    return store.query(
        view.path,
        """
        select
            mpid,
            'SUP' as market_role,
            participant_name,
            is_qualified,
            qualified_from,
            planned_qualification_on as planned_on,
            forecast_qualification_on as expected_on
        from marts.rpt_supplier_readiness
        union all
        select
            mpid,
            market_role,
            participant_name,
            is_qualified,
            qualified_from,
            planned_qualification_on as planned_on,
            forecast_qualification_on as expected_on
        from marts.rpt_agent_readiness
        order by mpid, market_role
        """,
    )
