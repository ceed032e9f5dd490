"""How the expected days of parties moved from publication to publication."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboards import data
from dashboards.components import charts, numbers, words
from dashboards.components.frame import Backdrop
from dashboards.components.look import template
from dashboards.components.markup import plot_text
from dashboards.data import View

MOST = 15
Movement = dict[str, Any]


def slippage_chart(frame: Backdrop, views: list[View], market_roles: list[str]) -> None:
    """Parties whose expected day of Qualification moved since the earliest of the publications."""
    if len(views) == 1:
        st.header("No earlier publication to compare with", anchor=False)
        st.markdown(
            "How the expected days move shows from the next as-of day on: this publication is the "
            "earliest that is kept."
        )
        return
    moved = movements(views, market_roles)
    first = views[0]
    if not moved:
        st.header(f"No expected day has moved since {numbers.day(first.as_of)}", anchor=False)
        st.markdown(
            f"{len(views):,} publications were compared: no party that is not Qualified expects "
            "another day than before."
        )
        return
    top = moved[:MOST]
    title = _title(moved, first.as_of)
    charts.show(
        frame.view,
        charts.Chart(
            key="slippage",
            title=title,
            subtitle="Expected day of Qualification of Suppliers and agents not Qualified, in "
            f"{len(views):,} publications: "
            f"{'those that moved most' if len(moved) > MOST else 'each that moved'}",
            measure="Expected day of Qualification, then and now",
            alt=f"A line per party from its first expected day to its newest. {title}.",
            table=_table(moved, views),
            mart="rpt_supplier_readiness, rpt_agent_readiness",
            legend='<ul class="mhhs-key">'
            f"<li>◇ Expected on {numbers.day(first.as_of)}</li>"
            f"<li>◆ Expected on {numbers.day(frame.view.as_of)}</li></ul>",
        ),
        _figure(frame, top),
        height=170 + 46 * len(top),
    )


def movements(views: list[View], market_roles: list[str]) -> list[Movement]:
    """Each party not Qualified whose expected day is another one than it was first, latest first.

    `days` is the expected day by publication; `slipped` the days from the first to the last.
    """
    by_party: dict[tuple[str, str], dict[str, date | None]] = {}
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for view in views:
        for row in data.plan.expected(view).to_dicts():
            if market_roles and row["market_role"] not in market_roles:
                continue
            party = (row["mpid"], row["market_role"])
            by_party.setdefault(party, {})[view.publication_id] = row["expected_on"]
            if view is views[-1]:
                last[party] = row
    found = []
    for party, row in last.items():
        days = by_party[party]
        known = [day for day in days.values() if day]
        if row["is_qualified"] or len(known) < 2 or row["expected_on"] is None:
            continue
        slipped = (row["expected_on"] - known[0]).days
        if slipped:
            found.append({**row, "days": days, "first": known[0], "slipped": slipped})
    return sorted(found, key=lambda each: (-each["slipped"], each["mpid"], each["market_role"]))


def _title(moved: list[Movement], since: date) -> str:
    later = [each for each in moved if each["slipped"] > 0]
    day = numbers.day(since)
    if not later:
        verb = "expects" if len(moved) == 1 else "expect"
        count = numbers.count_of(len(moved), "party", "parties")
        return f"{count} not Qualified {verb} an earlier day than on {day}"
    verb = "expects" if len(later) == 1 else "expect"
    most = numbers.count_of(later[0]["slipped"], "day")
    return (
        f"{numbers.count_of(len(later), 'party', 'parties')} not Qualified {verb} a later day than "
        f"on {day}, by up to {most}"
    )


def _slip_words(days: int) -> str:
    return f"{numbers.count_of(abs(days), 'day')} {'later' if days > 0 else 'earlier'}"


def _figure(frame: Backdrop, top: list[Movement]) -> go.Figure:
    colours = frame.colours
    lines = [
        {
            "type": "line",
            "x0": each["first"],
            "x1": each["expected_on"],
            "y0": place,
            "y1": place,
            "line": {"color": colours.quiet, "width": 2},
        }
        for place, each in enumerate(top)
    ]
    figure = go.Figure(layout={"template": template(colours), "shapes": lines})
    for column, symbol, label in (
        ("first", "diamond-open", "then"),
        ("expected_on", "diamond", "now"),
    ):
        figure.add_scatter(
            x=[each[column] for each in top],
            y=list(range(len(top))),
            mode="markers",
            marker={"symbol": symbol, "size": 13, "color": colours.focus, "line": {"width": 2}},
            hovertemplate=f"{label} %{{x|%-d %b %Y}}<extra></extra>",
        )
    m14 = data.frame.milestone_day(frame.view, "M14")
    days = [each[column] for each in top for column in ("first", "expected_on")]
    if m14:
        days.append(m14)
        charts.mark_day(figure, m14, "M14", colours)
    room = max((max(days) - min(days)) * 0.1, timedelta(days=7))
    figure.update_xaxes(
        range=[min(days) - room, max(days) + room], tickformat="%-d %b<br>%Y", nticks=4
    )
    labels = [
        f"{plot_text(each['participant_name'] or each['mpid'])}<br>"
        f"<span style='color:{colours.muted}'>{each['market_role']}, "
        f"{_slip_words(each['slipped'])}</span>"
        for each in top
    ]
    figure.update_yaxes(
        tickvals=list(range(len(top))),
        ticktext=labels,
        range=[len(top) - 0.4, -0.6],
        ticklabelstandoff=6,
    )
    return figure


def _table(moved: list[Movement], views: list[View]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "Party": words.party(each["participant_name"], each["mpid"]),
                "Role": words.ROLE.get(each["market_role"], each["market_role"]),
                "Planned": numbers.day(each["planned_on"]),
                **{
                    f"On {numbers.day(view.as_of)}": numbers.day(
                        each["days"].get(view.publication_id)
                    )
                    for view in views
                },
                "Moved": _slip_words(each["slipped"]),
            }
            for each in moved
        ]
    )
