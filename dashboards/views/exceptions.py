"""Exceptions: which points and parties, which rule, since when?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboards import data, mpan
from dashboards.auth import current_user
from dashboards.components import filters, gate, numbers, words
from dashboards.components.download import download_panel
from dashboards.components.frame import Frame, current
from dashboards.components.list_download import offer_list
from dashboards.components.markup import badge, escape, facts, plain
from dashboards.components.sentences import exceptions_sentence
from dashboards.components.standing_lists import standing_lists
from dashboards.components.tags import tag_column, tags
from dashboards.components.written import written

REGISTER = "rule_register"
LIST = "exception_list"
EMPTY: dict[str, Any] = {
    "rule_id": [],
    "severity": [],
    "status": [],
    "mpid": [],
    "market_segment": [],
    "gsp_group_id": [],
    "occurred_from": None,
    "occurred_to": None,
    "change": [],
}


def render(frame: Frame) -> None:
    """The whole page."""
    st.title("Exceptions", anchor=False)
    totals = data.exceptions.severity_totals(frame.view)
    st.html(f'<p class="mhhs-lead">{exceptions_sentence(totals)}</p>')
    register = data.exceptions.register(frame.view)
    _register(frame, register)
    with st.expander("Download the rules in words", icon=":material/download:"):
        offer_list(frame, "rules", {})
    st.header("The list", anchor=False)
    standing_lists(frame)
    chosen = _filters(frame, register)
    if filters.say_unknown(frame.address, EMPTY):
        return
    found = data.exceptions.count(frame.view, chosen)
    _count(found, chosen)
    if not found["rows"]:
        _nothing(chosen)
        return
    if not current_user().may("compliance"):
        gate.forbidden("The list of Metering Points", "compliance")
        return
    download_panel(frame, "exceptions", chosen, found["rows"])
    _list(frame, chosen, found["rows"], register)


def _register(frame: Frame, register: pl.DataFrame) -> None:
    st.header("The rules", anchor=False)
    st.html(
        '<p class="mhhs-sub">Each rule with what it found. Select a row to see its exceptions '
        "below.</p>"
    )
    rows = register.select(
        pl.col("rule_id").alias("Rule"),
        pl.col("title").alias("Flagged when"),
        tags("severities", words.SEVERITY).alias("Severity"),
        pl.col("open").alias("Open"),
        pl.col("in_total").alias("In total"),
        pl.col("new").alias("New"),
        pl.col("resolved").alias("Resolved"),
        pl.col("escalated").alias("Escalated"),
        pl.col("oldest_on").alias("Oldest open since"),
        pl.col("wording").alias("Wording"),
    )
    whole = st.column_config.NumberColumn(format="%,d")
    st.dataframe(
        rows,
        key=REGISTER,
        hide_index=True,
        height=min(38 + 35 * rows.height, 388),
        placeholder=numbers.NOT_APPLICABLE,
        alt=f"The {rows.height} rules, one row each, with their exceptions and what changed.",
        on_select=_chooser(register["rule_id"].to_list()),
        selection_mode="single-row",
        column_config={
            "Rule": st.column_config.TextColumn(pinned=True, width=80),
            "Severity": tag_column(words.SEVERITY, frame.colours, width=240),
            "Flagged when": st.column_config.TextColumn(width=350),
            "Open": whole,
            "In total": st.column_config.NumberColumn(
                format="%,d", help="Open, closed and on record"
            ),
            "New": st.column_config.NumberColumn(
                format="%,d", help="Since the publication of the as-of day before"
            ),
            "Resolved": st.column_config.NumberColumn(
                format="%,d", help="Since the publication of the as-of day before"
            ),
            "Escalated": st.column_config.NumberColumn(
                format="%,d",
                help="Also in the publication of the as-of day before, with a lower severity",
            ),
            "Oldest open since": st.column_config.DateColumn(format="D MMM YYYY"),
            "Wording": st.column_config.TextColumn(width=520),
        },
    )


def _chooser(rule_ids: list[str]) -> Callable[[], None]:
    """What a click on a rule does: filter the list to it."""

    def choose() -> None:
        chosen = st.session_state[REGISTER]["selection"]["rows"]
        st.session_state["rule_id"] = [rule_ids[row] for row in chosen]

    return choose


def _filters(frame: Frame, register: pl.DataFrame) -> dict[str, list[str]]:
    address = frame.address
    rule_titles = {
        row["rule_id"]: f"{row['rule_id']} {row['title']}" for row in register.to_dicts()
    }
    severities = {code: label.text for code, label in words.SEVERITY.items()}
    parties = {
        row["mpid"]: words.party(row["participant_name"], row["mpid"])
        for row in data.exceptions.parties(frame.view).to_dicts()
    }
    groups = {code: f"{name} ({code})" for code, name in words.GSP_GROUP.items()}
    with st.expander("Filters", expanded=True, icon=":material/filter_alt:"):
        with st.grid(3, min_column_width=150, gap="small", vertical_alignment="bottom"):
            chosen = {
                "rule_id": filters.choose_many(address, "rule_id", "Rule", rule_titles),
                "severity": filters.choose_many(address, "severity", "Severity", severities),
                "status": filters.choose_many(address, "status", "Status", words.STATUS),
                "mpid": filters.choose_many(address, "mpid", "Supplier or agent", parties),
                "market_segment": filters.choose_many(
                    address, "market_segment", "Market segment", words.SEGMENT
                ),
                "gsp_group_id": filters.choose_many(address, "gsp_group_id", "GSP group", groups),
                "occurred_from": _day(
                    filters.choose_day(address, "occurred_from", "Occurred from")
                ),
                "occurred_to": _day(filters.choose_day(address, "occurred_to", "Occurred to")),
                "change": filters.choose_many(
                    address, "change", "Since the last publication", words.CHANGE_SINCE_PREVIOUS
                ),
            }
        filters.clear_button(address, EMPTY)
    return chosen


def _day(day: date | None) -> list[str]:
    return [day.isoformat()] if day else []


def _count(found: dict[str, Any], chosen: dict[str, list[str]]) -> None:
    rows = found["rows"]
    what = f"{rows:,} exception{'' if rows == 1 else 's'}"
    scope = "match the filters" if any(chosen.values()) else "in all"
    points = numbers.count_of(found["metering_points"], "distinct Metering Point")
    parties = numbers.count_of(found["parties"], "party", "parties")
    st.markdown(f"**{what}** {scope}, on {points}, of {parties}.")


def _nothing(chosen: dict[str, list[str]]) -> None:
    if (
        chosen["occurred_from"]
        and chosen["occurred_to"]
        and (chosen["occurred_from"] > chosen["occurred_to"])
    ):
        st.info("The first day lies after the last day.", icon=":material/event_busy:")
    elif any(chosen.values()):
        st.info(
            "No exceptions match these filters. Clear filters to see all.",
            icon=":material/filter_alt_off:",
        )
    else:
        st.success("No rule found an exception in this publication.", icon=":material/check:")


def _list(frame: Frame, chosen: dict[str, list[str]], total: int, register: pl.DataFrame) -> None:
    pages = -(-total // data.exceptions.ROWS_PER_PAGE)
    page = filters.page_number(frame.address, "page", pages, of=chosen)
    if page is None:
        return
    rows = data.exceptions.rows(frame.view, chosen, page)
    table = rows.select(
        pl.col("rule_id").alias("Rule"),
        tags("severity", words.SEVERITY).alias("Severity"),
        pl.col("status").replace(words.STATUS).alias("Status"),
        written("MPAN", rows["mpan"], mpan.in_groups),
        written(
            "Supplier or agent",
            rows.select(pl.struct("participant_name", "mpid")).to_series(),
            lambda each: words.party(each["participant_name"], each["mpid"]),
        ),
        pl.col("occurred_on").alias("Occurred on"),
        pl.col("counted_from").alias("Counted from"),
        pl.col("days_open").alias("Days open"),
        pl.col("reason_detail").alias("What happened"),
        pl.col("market_segment").replace(words.SEGMENT).alias("Segment"),
        pl.col("gsp_group_id").replace(words.GSP_GROUP).alias("GSP group"),
        pl.col("annual_kwh").cast(pl.Float64).alias("kWh a year"),
        pl.col("first_detected_on").alias("First found"),
    )
    first = (page - 1) * data.exceptions.ROWS_PER_PAGE + 1
    shown = f"Rows {first:,} to {first + rows.height - 1:,} of {total:,}"
    day = st.column_config.DateColumn(format="D MMM YYYY", width=110)
    event = st.dataframe(
        table,
        key=LIST,
        hide_index=True,
        height=min(38 + 35 * table.height, 500),
        placeholder=numbers.NOT_APPLICABLE,
        alt=f"{shown} exceptions, one row each.",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "Rule": st.column_config.TextColumn(pinned=True, width=80),
            "Severity": tag_column(words.SEVERITY, frame.colours, width=120),
            "MPAN": st.column_config.TextColumn(
                width=150, help="Metering Point Administration Number"
            ),
            "Occurred on": day,
            "Counted from": st.column_config.DateColumn(
                format="D MMM YYYY",
                width=110,
                help="Day from which the party has to answer for it. A state that became a breach "
                "at M14 is counted from M14; for an exposure nothing is due yet.",
            ),
            "Days open": st.column_config.NumberColumn(
                format="%,d", help="Days since *Counted from*, the as-of day included"
            ),
            "What happened": st.column_config.TextColumn(width=480),
            "GSP group": st.column_config.TextColumn(help="Grid Supply Point group"),
            "kWh a year": st.column_config.NumberColumn(format="%,.0f"),
            "First found": day,
        },
    )
    st.caption(f"{shown}. {numbers.NOT_APPLICABLE} not applicable or not known.")
    selected = event["selection"]["rows"]
    if selected and selected[0] < rows.height:
        _evidence(frame, rows.row(selected[0], named=True), register)


def _evidence(frame: Frame, row: dict[str, Any], register: pl.DataFrame) -> None:
    rule = register.row(by_predicate=pl.col("rule_id") == row["rule_id"], named=True)
    with st.container(border=True):
        st.markdown(f"**{plain(rule['rule_id'])} {plain(rule['title'])}**")
        st.markdown(plain(str(row["reason_detail"])))
        st.html(
            facts(
                [
                    ("Severity", badge(words.SEVERITY[row["severity"]])),
                    ("Subject", escape(row["subject_key"])),
                    ("Occurred on", numbers.day(row["occurred_on"])),
                    (
                        "Counted from",
                        numbers.day(row["counted_from"])
                        if row["counted_from"]
                        else numbers.NOT_APPLICABLE,
                    ),
                    (
                        "Ended on",
                        numbers.day(row["ended_on"]) if row["ended_on"] else numbers.NOT_APPLICABLE,
                    ),
                    ("First found", numbers.day(row["first_detected_on"])),
                    ("Source file", escape(row["source_files"] or numbers.NOT_AVAILABLE)),
                ]
            )
        )
        st.markdown(
            f"**Rule:** {plain(rule['wording'])}  \n**What to do:** {plain(rule['action'])}"
        )
        _to_the_point(frame, row)


def _to_the_point(frame: Frame, row: dict[str, Any]) -> None:
    """The way to the evidence: by MPAN for those who may see it, else by the exception."""
    if row["mpan"] is None:
        return
    by_mpan = current_user().may("compliance")
    asked = {"mpan": [row["mpan"]]} if by_mpan else {"exception": [row["exception_id"]]}
    st.page_link(
        "views/point.py",
        label="Prove it: everything about this Metering Point",
        icon=":material/arrow_forward:",
        icon_position="right",
        width="stretch",
        query_params=frame.link_parameters(asked),
    )


render(current())
