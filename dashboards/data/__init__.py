"""The one place that reads a publication: every line of SQL of the dashboards is here.

Pages ask for what a mart says and never work out a rule or a total. Answers are cached per
publication file, which never changes, so nothing of two publications can mix.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import duckdb
import polars as pl
import streamlit as st

from pipeline.errors import NoPublication
from pipeline.export import LISTS, Filters, condition
from pipeline.layout import Warehouse
from pipeline.publication import Publication, publications
from pipeline.publication import current as current_publication

# One configuration for the whole process: a second one for the same file would be refused.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {"memory_limit": "512MB", "threads": 2}

ROWS_PER_PAGE = 100
SPARKLINE_DAYS = 91


@dataclass(frozen=True)
class View:
    """The publication that a page shows."""

    path: str
    publication_id: str
    as_of: date
    built_at: datetime
    tests_passed: int
    is_current: bool


def warehouse() -> Warehouse:
    """The warehouse folder, from the environment."""
    return Warehouse(Path(os.environ.get("MHHS_WAREHOUSE", "warehouse")))


def kept() -> list[View]:
    """Every kept publication, newest first; the pointer names the current one."""
    try:
        current_id = current_publication(warehouse()).publication_id
    except NoPublication:
        current_id = ""
    return [_view(each, current_id) for each in publications(warehouse())]


def _view(publication: Publication, current_id: str) -> View:
    return View(
        path=str(publication.path.resolve()),
        publication_id=publication.publication_id,
        as_of=publication.as_of,
        built_at=datetime.fromisoformat(publication.manifest["built_at"]),
        tests_passed=publication.manifest["tests"]["passed"],
        is_current=publication.publication_id == current_id,
    )


# An evicted connection is dropped, not closed: closing would cut off cursors that still read.
@st.cache_resource(max_entries=4, show_spinner=False)
def _database(path: str) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(path, read_only=True, config=_CONFIG)


@st.cache_data(max_entries=500, max_size="256mb", show_spinner=False)
def query(path: str, sql: str, values: Sequence[Any] = ()) -> pl.DataFrame:
    """Rows of one publication, read with a cursor of its own.

    Two threads on one connection would read each other's rows.
    """
    return _database(path).cursor().sql(sql, params=list(values)).pl()


def headline(view: View) -> dict[str, Any] | None:
    """The row of `rpt_m14_headline`."""
    rows = query(view.path, "from marts.rpt_m14_headline").to_dicts()
    return rows[0] if rows else None


def newest_registration_day(view: View) -> date | None:
    """Business date of the newest accepted registration file."""
    found = query(
        view.path,
        "select max(business_date) from marts.rpt_load "
        "where extract = 'registration' and outcome = 'accepted'",
    )
    return cast("date | None", found.item())


def milestone_day(view: View, milestone: str) -> date | None:
    """The date of a milestone as used by this publication."""
    found = query(
        view.path,
        "select milestone_date from marts.dim_milestone where milestone = ?",
        (milestone,),
    )
    return found.item() if found.height else None


def suppliers(view: View) -> pl.DataFrame:
    """`rpt_supplier_readiness`: the most points held while not Qualified first."""
    return query(
        view.path,
        "from marts.rpt_supplier_readiness "
        "order by points_not_qualified desc, is_qualified, live_metering_points desc, mpid",
    )


def supplier_segments(view: View) -> pl.DataFrame:
    """Which Supplier holds live points of which segment on the as-of day."""
    return query(
        view.path,
        "select distinct supplier_mpid as mpid, market_segment from marts.rpt_daily_position "
        "where date_day = ?",
        (view.as_of,),
    )


def sparklines(view: View) -> pl.DataFrame:
    """Live points per Supplier, one value a week for 13 weeks, the as-of day last."""
    return query(
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


def points_by_day(view: View) -> pl.DataFrame:
    """All live points by day, and those whose Supplier is Qualified on the day."""
    return query(
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
    return query(
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


def rules(view: View) -> pl.DataFrame:
    """The register of rules in words."""
    return query(view.path, "from marts.dim_rule order by family, rule_id")


def rule_register(view: View) -> pl.DataFrame:
    """Every rule with its open, new, resolved and oldest exceptions, from the summary."""
    return query(
        view.path,
        """
        select
            rules.*,
            coalesce(found.severities, []) as severities,
            coalesce(found.in_total, 0) as in_total,
            coalesce(found.open, 0) as open,
            coalesce(found.new, 0) as new,
            coalesce(found.resolved, 0) as resolved,
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
                min(oldest_on) filter (where status = 'OPEN') as oldest_on
            from marts.rpt_exception_summary
            group by rule_id
        ) as found using (rule_id)
        order by rules.family <> 'Suppliers', rules.family, rules.rule_id
        """,
    )


def severity_totals(view: View) -> pl.DataFrame:
    """Exceptions per severity and status, from the summary."""
    return query(
        view.path,
        "select severity, status, sum(exceptions)::bigint as exceptions "
        "from marts.rpt_exception_summary group by severity, status order by severity, status",
    )


def has_previous(view: View) -> bool:
    """Whether the build compared its exceptions with an earlier publication."""
    found = query(
        view.path,
        "select coalesce(sum(exceptions) > sum(new_since_previous), false) "
        "or coalesce(sum(resolved_since_previous) > 0, false) from marts.rpt_exception_summary",
    )
    return bool(found.item())


def exception_parties(view: View) -> pl.DataFrame:
    """Parties that exceptions name, with the name where standing data gives one."""
    return query(
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


def exception_count(view: View, filters: Filters) -> dict[str, Any]:
    """Rows, distinct Metering Points and parties that the filters select."""
    test, values = condition(LISTS["exceptions"], filters)
    return query(
        view.path,
        f"select count(*) as rows, count(distinct mpan) as metering_points, "
        f"count(distinct mpid) as parties from marts.fct_exception where {test}",
        tuple(values),
    ).to_dicts()[0]


def exception_rows(view: View, filters: Filters, page: int) -> pl.DataFrame:
    """One page of the exceptions that the filters select, in the order of the export."""
    exceptions = LISTS["exceptions"]
    test, values = condition(exceptions, filters)
    return query(
        view.path,
        f"select * from marts.{exceptions.mart} where {test} "
        f"order by {', '.join(exceptions.order_by)} limit ? offset ?",
        (*values, ROWS_PER_PAGE, (page - 1) * ROWS_PER_PAGE),
    )


def supplier_stages(view: View, mpid: str) -> pl.DataFrame:
    """Stages of a Supplier, in their order."""
    return query(
        view.path,
        "from marts.fct_stage where mpid = ? and market_role = 'SUP' order by stage_order",
        (mpid,),
    )


def supplier_approvals(view: View, mpid: str) -> pl.DataFrame:
    """Decisions on a Supplier that are in force on the as-of day or come later."""
    return query(
        view.path,
        "from marts.fct_approval where mpid = ? and market_role = 'SUP' and valid_to > ? "
        "order by approval_body, market_segment, valid_from",
        (mpid, view.as_of),
    )


def supplier_exceptions(view: View, mpid: str) -> pl.DataFrame:
    """Exceptions of a party by rule and severity, from the summary."""
    return query(
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


def supplier_points(view: View, mpid: str) -> pl.DataFrame:
    """Live points of a Supplier on the as-of day, by segment and regime."""
    return query(
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
