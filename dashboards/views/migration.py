"""Migration: will M15 hold, and is Reverse Migration ending?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import polars as pl
import streamlit as st

from dashboards import data
from dashboards.components import finished, migration_by_day, migration_charts, numbers, words
from dashboards.components.cards import Card, show_cards
from dashboards.components.frame import Backdrop, Frame, current
from dashboards.components.outlook import is_before_m14, outlook_sentence
from dashboards.components.rows import follow
from dashboards.components.tags import tag_column, tags

SUPPLIERS = "remaining_table"
GROUPS = "gsp_group_table"


def render(frame: Frame) -> None:
    """The whole page."""
    st.title("Migration", anchor=False)
    outlook = data.migration.outlook(frame.view)
    headline = data.overview.headline(frame.view)
    if outlook is None or headline is None or not outlook["live_metering_points"]:
        st.info(
            "This publication holds no live Metering Points, so nothing can migrate. Check the "
            "loads: a registration or migration file may be missing or refused.",
            icon=":material/info:",
        )
        return
    finished.show(frame, _figures, outlook, headline["reverse_migrations_28_days"])
    _remaining(frame)
    _groups(frame)


def _figures(frame: Backdrop, outlook: dict[str, Any], recent: int) -> None:
    st.html(f'<p class="mhhs-lead">{outlook_sentence(outlook, recent)}</p>')
    show_cards(_cards(frame, outlook, recent))
    by_day = data.migration.migrated_by_day(frame.view)
    left, right = st.columns(2, gap="large")
    with left:
        migration_by_day.by_day_chart(frame, migration_by_day.POINTS, outlook, by_day)
    with right:
        migration_by_day.by_day_chart(frame, migration_by_day.ENERGY, outlook, by_day)
    migration_charts.reversals_chart(frame, outlook, recent)
    _reversal_links(frame, outlook)


def _cards(frame: Backdrop, outlook: dict[str, Any], recent: int) -> list[Card]:
    before = is_before_m14(outlook)
    banned = outlook["reverse_migrations_from_m14"]
    first = outlook["as_of"] - timedelta(days=27)

    def link(page: str, text: str, **filters: list[str]) -> tuple[str, str, dict[str, Any]]:
        return page, text, frame.link_parameters(filters)

    return [
        Card(
            "Metering Points migrated",
            numbers.percent(outlook["migrated_share"]),
            f"{numbers.short(outlook['migrated_points'])} of "
            f"{numbers.short(outlook['live_metering_points'])} live; "
            f"{numbers.short(outlook['points_to_migrate'])} to go",
            link=link("exceptions", "See those held while not Qualified", rule_id=["SUP-06"]),
        ),
        Card(
            "Energy migrated",
            numbers.percent(outlook["migrated_kwh_share"]),
            f"{numbers.energy(outlook['migrated_kwh'], outlook['kwh'])} of "
            f"{numbers.energy(outlook['kwh'])} a year; "
            f"{numbers.energy(outlook['kwh_to_migrate'], outlook['kwh'])} to go",
            link=link("suppliers", "See who holds it"),
        ),
        _pace_card(
            "Points per working day",
            outlook,
            "",
            numbers.rate,
            link("suppliers", "See the Suppliers"),
        ),
        _pace_card(
            "Energy per working day",
            outlook,
            "kwh_",
            numbers.energy,
            link("plan", "See the plan of Qualification"),
        ),
        Card(
            "Reverse Migrations, 28 days",
            numbers.short(recent),
            f"{numbers.day(first)} to {numbers.day(outlook['as_of'])}",
            link=link("exceptions", "See those without cause", rule_id=["SUP-07"]),
        ),
        Card(
            "Reverse Migrations on or after M14",
            numbers.short(banned),
            _banned_note(outlook),
            "" if before else "bad" if banned else "good",
            link("exceptions", "See these points", rule_id=["SUP-05"]),
        ),
    ]


def _banned_note(outlook: dict[str, Any]) -> str:
    if is_before_m14(outlook):
        return f"M14 is {numbers.day(outlook['m14_date'])}; from then on each is a breach"
    if not outlook["reverse_migrations_from_m14"]:
        return "None, as it must be"
    return f"Each is a breach; the last on {numbers.day(outlook['last_reverse_migration_on'])}"


def _pace_card(
    label: str,
    outlook: dict[str, Any],
    prefix: str,
    written: Callable[[float | None], str],
    link: tuple[str, str, dict[str, Any]] | None = None,
) -> Card:
    needed = outlook[f"{prefix}needed_per_working_day"]
    margin = outlook[f"{prefix}days_margin_to_m15"]
    pace = written(outlook[f"{prefix}pace_per_working_day"])
    if not outlook["kwh_to_migrate" if prefix else "points_to_migrate"]:
        return Card(label, pace, "Nothing is left to migrate", "good", link)
    if needed is None:
        return Card(label, pace, "M15 has come; what is left is late", "bad", link)
    note = f"In the last 28 days; M15 needs {written(needed)} a day"
    return Card(label, pace, note, "bad" if margin is None or margin < 0 else "good", link)


def _reversal_links(frame: Backdrop, outlook: dict[str, Any]) -> None:
    links = [("See the Reverse Migrations without cause before M14", "SUP-07")]
    if not is_before_m14(outlook):
        links.insert(0, ("See the Reverse Migrations on or after M14", "SUP-05"))
    for text, rule in links:
        st.page_link(
            "views/exceptions.py",
            label=f"{text} ({rule})",
            icon=":material/arrow_forward:",
            icon_position="right",
            width="stretch",
            query_params=frame.link_parameters({"rule_id": [rule]}),
        )


def _remaining(frame: Frame) -> None:
    remaining = data.migration.remaining(frame.view)
    if remaining.is_empty():
        st.header("No Supplier has points left to migrate", anchor=False)
        return
    left, right = st.columns([2, 3], gap="large")
    with left:
        finished.show(frame, migration_charts.shortfall_chart)
    with right:
        st.header(f"What the {remaining.height:,} Suppliers have left", anchor=False)
        st.html(
            '<p class="mhhs-sub">Those furthest short of the pace that M15 needs first. Select a '
            "row to open the Supplier.</p>"
        )
        _remaining_table(frame, remaining)


def _remaining_table(frame: Frame, remaining: pl.DataFrame) -> None:
    rows = remaining.select(
        pl.col("participant_name").fill_null(pl.col("mpid")).alias("Supplier"),
        pl.col("points_to_migrate").alias("To migrate"),
        pl.col("needed_per_working_day").alias("Needed a day"),
        pl.col("pace_per_working_day").alias("Pace a day"),
        pl.col("short_per_working_day").alias("Short by"),
        tags("readiness_status", words.READINESS).alias("Status"),
        pl.col("migrated_points").alias("Migrated"),
        pl.col("live_metering_points").alias("Live points"),
        pl.col("mpid").alias("MPID"),
    )
    whole = st.column_config.NumberColumn(format="%,d", width=90)
    rate = st.column_config.NumberColumn(format="%,.2f", width=100, help="Per working day")
    event = st.dataframe(
        rows,
        key=SUPPLIERS,
        hide_index=True,
        height=min(38 + 35 * rows.height, 640),
        placeholder=numbers.NOT_AVAILABLE,
        alt=f"What {rows.height} Suppliers have left to migrate, one row each.",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "Supplier": st.column_config.TextColumn(pinned=True, width=165),
            "Status": tag_column(words.READINESS, frame.colours, width=205),
            "To migrate": whole,
            "Needed a day": rate,
            "Pace a day": rate,
            "Short by": rate,
            "Migrated": whole,
            "Live points": whole,
            "MPID": st.column_config.TextColumn(help="Market Participant Identifier"),
        },
    )
    st.caption("A day is a working day of England and Wales; the pace is that of the last 28 days.")
    follow(frame, event, [("supplier", {"mpid": [mpid]}) for mpid in remaining["mpid"]])


def _groups(frame: Frame) -> None:
    groups = data.migration.gsp_groups(frame.view)
    if groups.is_empty():
        return
    left, right = st.columns(2, gap="large")
    with left:
        finished.show(frame, migration_charts.gsp_group_map)
    with right:
        held = int(groups["points_not_qualified"].sum())
        st.header(
            f"{numbers.short(held)} points of non-Qualified Suppliers, by GSP group", anchor=False
        )
        st.html(
            '<p class="mhhs-sub">The least migrated group first. Select a row for the Metering '
            "Points that Suppliers hold there while not Qualified.</p>"
        )
        _groups_table(frame, groups)


def _groups_table(frame: Frame, groups: pl.DataFrame) -> None:
    share = st.column_config.NumberColumn(format="%.1f %%", width=118)
    whole = st.column_config.NumberColumn(format="%,d", width=100)
    rows = groups.select(
        pl.col("gsp_group_id").replace(words.GSP_GROUP).alias("GSP group"),
        pl.col("points_not_qualified").alias("Held, not Qualified"),
        (pl.col("migrated_share") * 100).alias("Points migrated"),
        (pl.col("migrated_kwh_share") * 100).alias("Energy migrated"),
        pl.col("points_to_migrate").alias("To migrate"),
        pl.col("live_metering_points").alias("Live points"),
    )
    event = st.dataframe(
        rows,
        key=GROUPS,
        hide_index=True,
        height=38 + 35 * rows.height,
        placeholder=numbers.NOT_AVAILABLE,
        alt=f"Progress of {rows.height} GSP groups, one row each.",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "GSP group": st.column_config.TextColumn(
                pinned=True, width=175, help="Grid Supply Point group"
            ),
            "Held, not Qualified": st.column_config.NumberColumn(
                format="%,d",
                width=130,
                help="Live Metering Points of market segments for which their Supplier is not "
                "Qualified",
            ),
            "Points migrated": share,
            "Energy migrated": share,
            "To migrate": whole,
            "Live points": whole,
        },
    )
    follow(
        frame,
        event,
        [
            ("exceptions", {"rule_id": ["SUP-01"], "status": ["OPEN"], "gsp_group_id": [group]})
            for group in groups["gsp_group_id"]
        ],
    )


render(current())
