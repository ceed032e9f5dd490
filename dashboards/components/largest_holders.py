"""The largest holders of Metering Points among Suppliers that are not Qualified for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
import streamlit as st

from dashboards.components import charts, numbers, words
from dashboards.components.bars import party_bars
from dashboards.components.frame import Backdrop
from dashboards.components.markup import plain

LARGEST = 10
NONE_TITLE = "No Supplier holds points while not Qualified"
NONE_WORDS = "Every live Metering Point is with a Supplier Qualified for its segment."


@dataclass(frozen=True)
class Holders:
    """The largest holders, and what they amount to in words."""

    top: pl.DataFrame
    title: str
    subtitle: str


def largest_holders(headline: dict[str, Any], holders: pl.DataFrame) -> Holders:
    """Of the rows of the readiness report that hold points while not Qualified, most first."""
    top = holders.head(LARGEST)
    if top.is_empty():
        return Holders(top, NONE_TITLE, NONE_WORDS)
    total = headline["points_not_qualified"]
    share = numbers.percent(int(top["points_not_qualified"].sum()) / total)
    first = top.row(0, named=True)
    name = words.party(first["participant_name"], first["mpid"])
    first_share = numbers.percent(first["points_not_qualified"] / total)
    title = (
        f"{name} holds {first_share} of the points of non-Qualified Suppliers"
        if holders.height > 1
        else f"{name} holds every point of a non-Qualified Supplier"
    )
    subtitle = (
        f"Live Metering Points held while not Qualified; {_top_words(top, holders)} "
        f"({share} of {numbers.short(total)})"
    )
    return Holders(top, title, subtitle)


def show_largest_holders(frame: Backdrop, found: Holders) -> None:
    """Bars of the holders, and links to them."""
    top = found.top
    if top.is_empty():
        st.header(found.title, anchor=False)
        st.markdown(found.subtitle)
        return
    first = top.row(0, named=True)
    charts.show(
        frame.view,
        charts.Chart(
            key="largest_holders",
            title=found.title,
            subtitle=found.subtitle,
            measure="Live Metering Points held while not Qualified",
            alt=f"Bars from {numbers.whole(first['points_not_qualified'])} for "
            f"{words.party(first['participant_name'], first['mpid'])} down to "
            f"{numbers.whole(top['points_not_qualified'][-1])}.",
            table=holders_table(top),
            mart="rpt_supplier_readiness",
        ),
        party_bars(
            [str(row["participant_name"] or row["mpid"]) for row in top.to_dicts()],
            [words.readiness_text(row["readiness_status"]) for row in top.to_dicts()],
            top["points_not_qualified"].to_list(),
            frame.colours,
            frame.colours.focus,
        ),
        height=130 + 46 * top.height,
    )
    _links(frame, top)


def _links(frame: Backdrop, top: pl.DataFrame) -> None:
    with st.grid(3, min_column_width=150, gap="xsmall"):
        for row in top.to_dicts():
            st.page_link(
                "views/supplier.py",
                label=plain(row["participant_name"] or row["mpid"]),
                width="stretch",
                query_params=frame.link_parameters({"mpid": [row["mpid"]]}),
            )
    st.page_link(
        "views/suppliers.py",
        label="See every Supplier's readiness",
        icon=":material/arrow_forward:",
        icon_position="right",
        width="stretch",
        query_params=frame.link_parameters(),
    )


def _top_words(top: pl.DataFrame, holders: pl.DataFrame) -> str:
    if holders.height > top.height:
        return f"the {top.height} largest of {holders.height:,} holders"
    return f"all {holders.height:,} holders" if holders.height > 1 else "the one holder"


def holders_table(top: pl.DataFrame) -> pl.DataFrame:
    """The same numbers, headings and values as people read them."""
    return pl.DataFrame(
        [
            {
                "Supplier": words.party(row["participant_name"], row["mpid"]),
                "Status": words.readiness_text(row["readiness_status"]),
                "Metering Points": row["points_not_qualified"],
                "Energy a year": numbers.energy(row["kwh_not_qualified"]),
                "Expected to be Qualified": numbers.day(row["forecast_qualification_on"]),
            }
            for row in top.to_dicts()
        ]
    )
