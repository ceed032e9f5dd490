"""Networks: were the Distribution Network Operators Qualified ahead of migration?"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboards import data
from dashboards.components import charts, filters, finished, numbers, party_panel, words
from dashboards.components.frame import Backdrop, Frame, current
from dashboards.components.list_download import offer_list
from dashboards.components.look import template
from dashboards.components.markup import cell_table, escape, facts, plain, plot_text
from dashboards.components.tiles import wrapped

ROLE = "LDSO"


def render(frame: Frame) -> None:
    """The whole page."""
    st.title("Networks", anchor=False)
    operators = data.networks.readiness(frame.view)
    if operators.is_empty():
        st.info(
            "This publication holds no Distribution Network Operator. Check the loads: the "
            "participant file may be missing or refused.",
            icon=":material/info:",
        )
        return
    finished.show(frame, _figures)
    offer_list(frame, "networks", {})
    _one(frame, operators)


def _figures(frame: Backdrop) -> None:
    operators = data.networks.readiness(frame.view)
    st.html(f'<p class="mhhs-lead">{_sentence(operators, frame.view.as_of)}</p>')
    _chart(frame, operators)
    _table(frame, operators)


def _sentence(operators: pl.DataFrame, as_of: date) -> str:
    m11 = operators["m11_date"][0]
    day, total = numbers.long_day(m11), operators.height
    late = operators.filter(~pl.col("was_qualified_on_m11"))
    still = late.filter(~pl.col("is_qualified"))
    if as_of < m11:
        waiting = operators.filter(~pl.col("is_qualified")).height
        if not waiting:
            return f"<strong>All {total:,} DNOs are Qualified</strong> ahead of M11 ({day})."
        return (
            f"<strong>{waiting:,} of {total:,} DNOs {_are(waiting)} not Qualified and at "
            f"risk</strong>: migration starts on {day} (M11)."
        )
    if late.is_empty():
        return f"<strong>All {total:,} DNOs were Qualified on M11</strong> ({day})."
    was = "was" if late.height == 1 else "were"
    if still.height:
        rest = f"{still.height:,} {_are(still.height)} not Qualified yet, an open breach"
    else:
        last = numbers.day(max(late["qualified_from"].to_list()))
        rest = f"the breach ended on {last}" if late.height == 1 else f"the last ended on {last}"
    return (
        f"<strong>{late.height:,} of {total:,} DNOs {was} not Qualified when migration began "
        f"on M11</strong> ({day}); {rest}."
    )


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _margin(row: dict[str, Any]) -> str:
    """43 days before M11, 5 days after M11"""
    first = row["first_qualified_on"]
    if first is None:
        return "▲ not yet"
    shape = "●" if row["was_qualified_on_m11"] else "▲"
    return f"{shape} {party_panel.margin_in_words((row['m11_date'] - first).days)}"


def _name(row: dict[str, Any]) -> str:
    return words.party(row["participant_name"], row["mpid"])


def _area(row: dict[str, Any]) -> str:
    return words.GSP_GROUP.get(row["gsp_group_id"], numbers.NOT_AVAILABLE)


def _chart(frame: Backdrop, operators: pl.DataFrame) -> None:
    rows = operators.to_dicts()
    m11 = rows[0]["m11_date"]
    in_time = sum(row["was_qualified_on_m11"] for row in rows)
    colours = frame.colours
    figure = go.Figure(layout={"template": template(colours)})
    labels = ["<br>".join(map(plot_text, wrapped(_area(row), 16))) for row in rows]
    for ready, symbol, colour in (
        (True, "circle", colours.focus),
        (False, "triangle-up", colours.bad),
    ):
        chosen = [
            place
            for place, row in enumerate(rows)
            if row["was_qualified_on_m11"] is ready and row["first_qualified_on"]
        ]
        figure.add_scatter(
            x=[rows[place]["first_qualified_on"] for place in chosen],
            y=chosen,
            mode="markers",
            marker={"symbol": symbol, "size": 13, "color": colour},
            text=[plot_text(_name(rows[place])) for place in chosen],
            hovertemplate="%{text}: first Qualified on %{x|%-d %b %Y}<extra></extra>",
        )
    charts.mark_day(figure, m11, f"M11, {numbers.day(m11)}", colours)
    days = [row["first_qualified_on"] for row in rows if row["first_qualified_on"]]
    first, last = min([*days, m11]), max([*days, m11])
    room = max((last - first) * 0.08, timedelta(days=7))
    figure.update_xaxes(range=[first - room, last + room], tickformat="%b<br>%Y", nticks=4)
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=labels,
        range=[len(rows) - 0.4, -0.6],
        ticklabelstandoff=6,
    )
    charts.show(
        frame.view,
        charts.Chart(
            key="dno_qualified",
            title=f"{in_time:,} of {len(rows):,} DNOs were Qualified when migration began",
            subtitle="First day on which each Distribution Network Operator was Qualified, by "
            f"licence area; decisions known on {numbers.day(frame.view.as_of)}",
            measure="First day Qualified, by licence area",
            alt=f"A mark per operator against M11; {in_time} lie before it.",
            table=pl.DataFrame(
                [
                    {
                        "Licence area": _area(row),
                        "DNO": _name(row),
                        "First Qualified on": numbers.day(row["first_qualified_on"]),
                        "Against M11": _margin(row),
                    }
                    for row in rows
                ]
            ),
            mart="rpt_dno_readiness",
            legend='<ul class="mhhs-key"><li>● Qualified on M11</li>'
            "<li>▲ Not Qualified on M11</li></ul>",
        ),
        figure,
        height=150 + 36 * len(rows),
    )


def _table(frame: Backdrop, operators: pl.DataFrame) -> None:
    st.header("Each operator by licence area", anchor=False)
    rows = [
        [
            escape(_area(row)),
            f'<span class="wrap">{escape(_name(row))}</span>',
            escape(row["distributor_id"]),
            numbers.day(row["first_qualified_on"]),
            _margin(row),
            "● Qualified"
            if row["is_qualified"]
            else f"▲ {escape(words.REASON.get(row['reason'], 'Not Qualified'))}",
            f"{row['points_in_area']:,}",
        ]
        for row in operators.to_dicts()
    ]
    st.html(
        cell_table(
            "Each operator by licence area",
            [
                "Licence area",
                "Distribution Network Operator",
                "Id",
                "First Qualified on",
                "Against M11",
                f"On {numbers.day(frame.view.as_of)}",
                "Live points in area",
            ],
            rows,
            numbers=(6,),
        )
    )
    st.page_link(
        "views/exceptions.py",
        label="See the exceptions of rule DNO-01",
        icon=":material/arrow_forward:",
        icon_position="right",
        width="stretch",
        query_params=frame.link_parameters({"rule_id": ["DNO-01"]}),
    )


def _one(frame: Frame, operators: pl.DataFrame) -> None:
    by_mpid = {row["mpid"]: row for row in operators.sort("participant_name").to_dicts()}
    names = {mpid: f"{_name(row)}, {_area(row)}" for mpid, row in by_mpid.items()}
    mpid = filters.choose_one(
        frame.address, "dno", "DNO in detail", names, "Choose a Distribution Network Operator"
    )
    if mpid is None:
        return
    finished.show(frame, _in_detail, by_mpid[mpid])


def _in_detail(frame: Backdrop, row: dict[str, Any]) -> None:
    st.header(plain(f"{_name(row)}, {_area(row)}"), anchor=False)
    st.html(
        facts(
            [
                ("On M11", "● Qualified" if row["was_qualified_on_m11"] else "▲ Not Qualified"),
                ("First Qualified on", numbers.day(row["first_qualified_on"])),
                ("Against M11", _margin(row)),
                (
                    "Missing approvals",
                    escape(row["missing_approvals"] or "None"),
                ),
                ("Live Metering Points in its area", numbers.whole(row["points_in_area"])),
            ]
        )
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        party_panel.stages(frame, row["mpid"], ROLE)
    with right:
        party_panel.approvals(
            frame, row["mpid"], ROLE, row["missing_approvals"], [party_panel.EVERY_SEGMENT]
        )
        party_panel.exceptions(frame, row["mpid"])


render(current())
