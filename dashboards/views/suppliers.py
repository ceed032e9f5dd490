"""Suppliers: who is not ready, and why?"""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import data
from dashboards.components import filters, numbers, words
from dashboards.components.frame import Frame, current
from dashboards.components.list_download import offer_list
from dashboards.components.rows import follow
from dashboards.components.sentences import suppliers_sentence
from dashboards.components.tags import tag_column, tags

TABLE = "suppliers_table"
EMPTY: dict[str, Any] = {
    "readiness_status": [],
    "tranche": [],
    "size_band": [],
    "market_segment": [],
    "missing": [],
    "q": "",
}


def render(frame: Frame) -> None:
    """The whole page."""
    st.title("Suppliers", anchor=False)
    suppliers = data.suppliers.readiness(frame.view)
    if suppliers.is_empty():
        st.info(
            "This publication holds no Supplier. Check the loads: the participant and "
            "registration files may be missing or refused.",
            icon=":material/info:",
        )
        return
    m14 = data.frame.milestone_day(frame.view, "M14")
    st.html(f'<p class="mhhs-lead">{suppliers_sentence(suppliers, frame.view.as_of, m14)}</p>')
    shown, chosen = _filtered(frame, suppliers)
    if filters.say_unknown(frame.address, EMPTY):
        _open_by_name(frame, suppliers)
        return
    count = f"**{shown.height:,} of {suppliers.height:,} Suppliers**"
    if shown.is_empty():
        st.markdown(f"{count}.")
        st.info("No Suppliers match these filters.", icon=":material/filter_alt_off:")
    else:
        st.markdown(
            f"{count}, those with the most Metering Points held while not Qualified first. "
            "Select a row to open the Supplier."
        )
        _table(frame, shown)
        offer_list(frame, "suppliers", chosen)
    _open_by_name(frame, suppliers)


def _filtered(frame: Frame, suppliers: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, list[str]]]:
    """The rows that the filters select, and the filters as an export names them."""
    address = frame.address
    statuses = {code: label.text for code, label in words.READINESS.items()}
    tranches = {name: name for name in sorted(suppliers["tranche"].drop_nulls().unique())}
    with st.expander("Filters", expanded=True, icon=":material/filter_alt:"):
        grid = st.grid(3, min_column_width=150, gap="small", vertical_alignment="bottom")
        with grid:
            status = filters.choose_many(address, "readiness_status", "Status", statuses)
            tranche = filters.choose_many(address, "tranche", "Tranche", tranches)
            size = filters.choose_many(address, "size_band", "Size band", words.SIZE_BAND)
            segment = filters.choose_many(
                address, "market_segment", "Holds points of segment", words.SEGMENT
            )
            missing = filters.choose_many(address, "missing", "Missing approval", words.BODY)
            text = filters.search_text(address, "q", "Search", "Name or MPID").lower()
        filters.clear_button(address, EMPTY)
    shown = suppliers
    if status:
        shown = shown.filter(pl.col("readiness_status").is_in(status))
    if tranche:
        shown = shown.filter(pl.col("tranche").is_in(tranche))
    if size:
        shown = shown.filter(pl.col("size_band").is_in(size))
    if segment:
        holders = data.suppliers.segments(frame.view).filter(
            pl.col("market_segment").is_in(segment)
        )
        shown = shown.join(holders.select("mpid").unique(), on="mpid", maintain_order="left")
    if missing:
        lacks = [
            pl.col("missing_approvals").str.contains(words.BODY[body], literal=True)
            for body in missing
        ]
        shown = shown.filter(pl.any_horizontal(lacks))
    if text:
        shown = shown.filter(filters.names_have(text))
    chosen = {
        "readiness_status": status,
        "tranche": tranche,
        "size_band": size,
        "market_segment": segment,
        "missing": missing,
        "q": [text] if text else [],
    }
    return shown, chosen


def _table(frame: Frame, shown: pl.DataFrame) -> None:
    weeks = data.suppliers.sparklines(frame.view)
    waiting = ~pl.col("is_qualified")
    not_applicable = pl.lit(numbers.NOT_APPLICABLE)
    expected = pl.col("forecast_qualification_on")
    is_ahead = expected > frame.view.as_of
    rows = shown.join(weeks, on="mpid", how="left", maintain_order="left").select(
        pl.col("participant_name").fill_null(pl.col("mpid")).alias("Supplier"),
        tags("readiness_status", words.READINESS).alias("Status"),
        pl.col("points_not_qualified").alias("Held, not Qualified"),
        pl.col("points_by_week").alias("13 weeks"),
        pl.when(waiting)
        .then(pl.col("missing_approvals").str.replace_many(words.BODY_SHORT))
        .otherwise(not_applicable)
        .alias("Missing approvals"),
        pl.when(waiting)
        .then(pl.col("next_stage").replace(words.STAGE_SHORT).fill_null(words.stage(None)))
        .otherwise(not_applicable)
        .alias("Next step"),
        pl.coalesce("next_due_on", pl.when(waiting & is_ahead).then(expected)).alias("Due"),
        pl.col("forecast_qualification_on").alias("Expected Qualified"),
        pl.col("live_metering_points").alias("Live points"),
        pl.col("overdue_stages").alias("Overdue stages"),
        pl.col("open_breaches").alias("Open breaches"),
        pl.col("tranche").alias("Tranche"),
        pl.col("size_band").replace(words.SIZE_BAND).alias("Size"),
        pl.col("mpid").alias("MPID"),
    )
    whole = st.column_config.NumberColumn(format="%,d")
    day = st.column_config.DateColumn(format="D MMM YYYY", width=115)
    event = st.dataframe(
        rows,
        key=TABLE,
        hide_index=True,
        height=min(38 + 35 * rows.height, 460),
        placeholder=numbers.NOT_AVAILABLE,
        alt=f"Readiness of {rows.height} Suppliers, one row each.",
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "Supplier": st.column_config.TextColumn(pinned=True, width=165),
            "Status": tag_column(words.READINESS, frame.colours, width=205),
            "Held, not Qualified": st.column_config.NumberColumn(
                format="%,d",
                width=130,
                help="Live Metering Points of market segments for which it is not Qualified",
            ),
            "13 weeks": st.column_config.LineChartColumn(
                help="All its live Metering Points, one value a week", width=90
            ),
            "Missing approvals": st.column_config.TextColumn(
                width=165,
                help="BSC PAB: BSC Performance Assurance Board; REC CM: REC Code Manager; "
                "DIP: DIP Manager",
            ),
            "Next step": st.column_config.TextColumn(
                width=150,
                help="The first stage of Qualification that is not complete; then the approval",
            ),
            "Due": day,
            "Expected Qualified": day,
            "Live points": whole,
            "Overdue stages": whole,
            "Open breaches": whole,
            "MPID": st.column_config.TextColumn(help="Market Participant Identifier"),
        },
    )
    st.caption(
        f"{numbers.NOT_AVAILABLE} not available; {numbers.NOT_APPLICABLE} not applicable: the "
        "Supplier is Qualified."
    )
    follow(frame, event, [("supplier", {"mpid": [mpid]}) for mpid in shown["mpid"]])


def _open_by_name(frame: Frame, suppliers: pl.DataFrame) -> None:
    """The way to a Supplier without a mouse: the table's rows, by name."""
    names = {
        row["mpid"]: words.party(row["participant_name"], row["mpid"])
        for row in suppliers.sort("participant_name", nulls_last=True).to_dicts()
    }
    mpid = st.selectbox(
        "Open a Supplier by name",
        list(names),
        format_func=lambda code: names.get(code, code),
        key="open_supplier",
        index=None,
        placeholder="Name or MPID",
    )
    if mpid:
        st.switch_page("views/supplier.py", query_params=frame.link_parameters({"mpid": [mpid]}))


render(current())
