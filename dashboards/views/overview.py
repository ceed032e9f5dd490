"""Overview: will every Supplier be Qualified at M14, and after it, who is not?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboards import data
from dashboards.components import charts, numbers, words
from dashboards.components.burn_up import forecast_of, points_chart, suppliers_chart
from dashboards.components.cards import Card, show_cards
from dashboards.components.frame import Frame, current
from dashboards.components.headline import headline_sentence
from dashboards.components.look import template
from dashboards.components.markup import plain, plot_text
from dashboards.components.what_changed import what_changed

LARGEST = 10
NOT_QUALIFIED = [code for code in words.READINESS if code not in ("QUALIFIED", "EXEMPT_SCOPE")]


def render(frame: Frame) -> None:
    """The whole page."""
    st.title("Overview", anchor=False)
    headline = data.overview.headline(frame.view)
    suppliers = data.suppliers.readiness(frame.view)
    if headline is None or not headline["live_metering_points"]:
        st.info(
            "This publication holds no live Metering Points. Check the loads: a registration file "
            "may be missing or refused.",
            icon=":material/info:",
        )
        return
    holders = suppliers.filter(pl.col("points_not_qualified") > 0)
    st.html(f'<p class="mhhs-lead">{headline_sentence(headline, holders.height)}</p>')
    show_cards(_cards(frame, headline))
    forecast = forecast_of(suppliers, frame.view.as_of)
    left, right = st.columns(2, gap="large")
    with left:
        suppliers_chart(frame, headline, forecast)
    with right:
        points_chart(frame, headline, forecast)
    left, right = st.columns(2, gap="large")
    with left:
        _largest_holders(frame, headline, holders)
    with right:
        what_changed(frame, suppliers)


def _cards(frame: Frame, headline: dict[str, Any]) -> list[Card]:
    days = headline["days_to_m14"]
    m14 = numbers.day(headline["m14_date"])
    after = days <= 0

    def link(page: str, text: str, **filters: list[str]) -> tuple[str, str, dict[str, Any]]:
        return page, text, frame.link_parameters(filters)

    points = headline["points_not_qualified"]
    missing = headline["suppliers"] - headline["suppliers_qualified"]
    reversals, gains = (
        headline["reverse_migrations_28_days"],
        headline["gained_not_qualified_28_days"],
    )
    breaches = headline["open_breaches"]
    first = headline["as_of"] - timedelta(days=27)
    window = f"{numbers.day(first)} to {numbers.day(headline['as_of'])}"
    return [
        Card(
            "Held by non-Qualified Suppliers",
            numbers.short(points),
            f"Metering Points, {numbers.percent(headline['points_not_qualified_share'])} of live; "
            f"{numbers.energy(headline['kwh_not_qualified'])} a year, "
            f"{numbers.percent(headline['kwh_not_qualified_share'])} of energy",
            "bad" if points and after else "",
            link("exceptions", "See these points", rule_id=["SUP-01"], status=["OPEN"]),
        ),
        Card(
            "Suppliers Qualified",
            f"{headline['suppliers_qualified']:,} of {headline['suppliers']:,}",
            "All are Qualified" if not missing else f"{missing:,} not Qualified in any segment",
            "good" if not missing else "",
            link("suppliers", "See those that are not", readiness_status=NOT_QUALIFIED)
            if missing
            else link("suppliers", "See the Suppliers"),
        ),
        Card(
            "Days since M14" if after else "Days to M14",
            f"{abs(days):,}",
            f"M14 {'was' if days < 0 else 'is'} {m14}: every Supplier Qualified, Reverse Migration "
            f"{'ceased' if after else 'ceases'}",
            link=link("plan", "See the plan"),
        ),
        Card(
            "Reverse Migrations, 28 days",
            numbers.short(reversals),
            f"{window}; from M14 on there must be none" if after else f"{window}; they end at M14",
            link=link("exceptions", "See those from M14", rule_id=["SUP-05"])
            if after
            else link("exceptions", "See those without cause", rule_id=["SUP-07"]),
        ),
        Card(
            "Gained by non-Qualified Suppliers, 28 days",
            numbers.short(gains),
            f"Metering Points by Switch, {window}; from M14 on a breach",
            link=link("exceptions", "See gains from M14", rule_id=["SUP-03"]),
        ),
        Card(
            "Open breaches",
            numbers.short(breaches),
            f"on {numbers.count_of(headline['open_breach_points'], 'Metering Point')}"
            if breaches
            else "No breach is open",
            "bad" if breaches else "good",
            link("exceptions", "See the breaches", severity=["BREACH"], status=["OPEN"]),
        ),
    ]


def _largest_holders(frame: Frame, headline: dict[str, Any], holders: pl.DataFrame) -> None:
    top = holders.head(LARGEST)
    if top.is_empty():
        st.header("No Supplier holds points while not Qualified", anchor=False)
        st.markdown("Every live Metering Point is with a Supplier Qualified for its segment.")
        return
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
    charts.show(
        frame.view,
        charts.Chart(
            key="largest_holders",
            title=title,
            subtitle=f"Live Metering Points held while not Qualified; {_top_words(top, holders)} "
            f"({share} of {numbers.short(total)})",
            measure="Live Metering Points held while not Qualified",
            alt=f"Bars from {numbers.whole(first['points_not_qualified'])} for {name} down to "
            f"{numbers.whole(top['points_not_qualified'][-1])}.",
            table=_holders_table(top),
            mart="rpt_supplier_readiness",
        ),
        _holders_figure(frame, top),
        height=130 + 46 * top.height,
    )
    _holder_links(frame, top)


def _holder_links(frame: Frame, top: pl.DataFrame) -> None:
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


def _holders_figure(frame: Frame, top: pl.DataFrame) -> go.Figure:
    colours = frame.colours
    # Plotly reads tags in labels, so a name is escaped; the status stands under the name.
    labels = [
        f"{plot_text(str(row['participant_name'] or row['mpid']))}<br>"
        f"<span style='color:{colours.muted}'>{words.readiness_text(row['readiness_status'])}"
        "</span>"
        for row in top.to_dicts()
    ]
    points = top["points_not_qualified"].to_list()
    figure = go.Figure(layout={"template": template(colours)})
    figure.add_bar(
        x=points,
        y=list(range(len(labels))),
        orientation="h",
        marker={"color": colours.focus},
        text=[numbers.short(value) for value in points],
        textposition="outside",
        cliponaxis=False,
        width=0.55,
        hovertemplate="%{x:,} Metering Points<extra></extra>",
    )
    figure.update_yaxes(
        tickvals=list(range(len(labels))),
        ticktext=labels,
        autorange="reversed",
        ticklabelstandoff=6,
        showgrid=False,
    )
    figure.update_xaxes(
        range=[0, max(points) * 1.25],
        tickformat=",",
        showgrid=False,
        showticklabels=False,
        showline=False,
    )
    return figure


def _holders_table(top: pl.DataFrame) -> pl.DataFrame:
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


render(current())
