"""One party in one role: its stages as a timeline, the decisions about it, its exceptions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboards import data
from dashboards.components import charts, numbers, words
from dashboards.components.frame import Backdrop
from dashboards.components.look import template
from dashboards.components.markup import cell_table, escape, plain

EVERY_SEGMENT = "*"
_DAYS = ("planned_on", "forecast_on", "completed_on")
_KEY = '<ul class="mhhs-key"><li>│ Planned</li><li>◇ Forecast</li><li>● Completed</li></ul>'


def margin_in_words(days: int | None) -> str:
    """12 days before, 4 days after"""
    if days is None:
        return numbers.NOT_AVAILABLE
    if days == 0:
        return "on the day"
    return f"{numbers.count_of(abs(days), 'day')} {'before' if days > 0 else 'after'}"


def stages(frame: Backdrop, mpid: str, market_role: str) -> None:
    """The timeline of a party's stages: plan, actual, forecast, and the milestone they lead to."""
    found = data.parties.stages(frame.view, mpid, market_role)
    if found.is_empty():
        st.header("No stages are known", anchor=False)
        st.markdown("The qualification extracts hold no stage of this party in this role.")
        return
    milestone = "M11" if market_role == "LDSO" else "M14"
    complete = int(found["completed_on"].is_not_null().sum())
    overdue = int(found["is_overdue"].sum())
    title = f"{complete} of {found.height} stages are complete" + (
        f", {overdue} overdue" if overdue else ""
    )
    charts.show(
        frame.view,
        charts.Chart(
            key=f"stages_{mpid}_{market_role}",
            title=title,
            subtitle="Stages of Qualification: planned, forecast and completed day; as of "
            f"{numbers.day(frame.view.as_of)}",
            measure="Day of each stage of Qualification",
            alt=f"Days of each stage against {milestone}. {title}.",
            table=pl.DataFrame([_stage_cells(stage) for stage in found.to_dicts()]),
            mart="fct_stage",
            legend=_KEY,
        ),
        _stages_figure(frame, found, milestone),
        height=170 + 44 * found.height,
    )


def _stage_cells(stage: dict[str, Any]) -> dict[str, str]:
    def day(value: date | None) -> str:
        return numbers.day(value) if value else numbers.NOT_APPLICABLE

    late = stage["days_late"]
    if stage["is_overdue"]:
        state = "▲ Overdue"
    elif stage["completed_on"]:
        state = f"● {numbers.count_of(late, 'day')} late" if late and late > 0 else "● In time"
    else:
        state = "○ Ahead"
    return {
        "Stage": words.stage(stage["stage"]),
        "Planned": day(stage["planned_on"]),
        "Forecast": day(stage["forecast_on"]),
        "Completed": day(stage["completed_on"]),
        "State": state,
        "Evidence": stage["evidence_reference"] or numbers.NOT_AVAILABLE,
    }


def _stages_figure(frame: Backdrop, found: pl.DataFrame, milestone: str) -> go.Figure:
    colours = frame.colours
    due = data.frame.milestone_day(frame.view, milestone)
    labels = [words.stage(stage) for stage in found["stage"]]
    figure = go.Figure(layout={"template": template(colours)})
    for column, symbol, colour, size, label in (
        ("forecast_on", "diamond-open", colours.focus, 15, "Forecast"),
        ("completed_on", "circle", colours.focus, 8, "Completed"),
        ("planned_on", "line-ns-open", colours.text, 16, "Planned"),
    ):
        figure.add_scatter(
            x=found[column].to_list(),
            y=labels,
            mode="markers",
            marker={"symbol": symbol, "color": colour, "size": size, "line": {"width": 2}},
            hovertemplate=f"{label} %{{x|%-d %b %Y}}<extra></extra>",
        )
    if due:
        charts.mark_day(figure, due, milestone, colours)
    figure.update_yaxes(
        autorange="reversed", categoryorder="array", categoryarray=labels, ticklabelstandoff=6
    )
    shown = [day for name in _DAYS for day in found[name].drop_nulls().to_list()]
    days = [*shown, due] if due else shown
    if days:
        room = (max(days) - min(days)) * 0.12 + timedelta(days=7)
        figure.update_xaxes(range=[min(days) - room, max(days) + room])
    figure.update_xaxes(tickformat="%b<br>%Y", nticks=6)
    return figure


def approvals(
    frame: Backdrop, mpid: str, market_role: str, missing: str | None, segments: Sequence[str]
) -> None:
    """Decisions in force and ahead, by body and segment.

    `missing` is the mart's list of bodies whose approval is missing; `segments` are those of a
    Supplier, `*` alone for any other role.
    """
    found = data.parties.approvals(frame.view, mpid, market_role)
    by_segment = list(segments) != [EVERY_SEGMENT]
    title = "Approvals by body and segment" if by_segment else "Approvals by body"
    st.header(title, anchor=False)
    by_cell: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for decision in found.to_dicts():
        cell = (decision["approval_body"], decision["market_segment"])
        by_cell.setdefault(cell, []).append(decision)
    needed = {body for body, _ in by_cell} | {
        body for body, name in words.BODY.items() if name in (missing or "")
    }
    rows = [
        [
            escape(name),
            *(_decision(by_cell.get((body, segment), []), frame) for segment in segments),
        ]
        for body, name in words.BODY.items()
        if body in needed
    ]
    if not rows:
        st.markdown("No decision about this party in this role is known.")
        return
    headings = [words.SEGMENT[each] for each in segments] if by_segment else ["Decision"]
    st.html(cell_table(title, ["Body", *headings], rows))


def _decision(decisions: list[dict[str, Any]], frame: Backdrop) -> str:
    as_of = frame.view.as_of
    now = next((each for each in decisions if each["valid_from"] <= as_of), None)
    ahead = next((each for each in decisions if each["valid_from"] > as_of), None)
    if now:
        shape = "●" if now["is_granted"] else "▲"
        text = f"{shape} {now['decision'].capitalize()}<br>{numbers.day(now['valid_from'])}"
    else:
        text = "▲ None"
    if ahead:
        text += f"<br>○ {ahead['decision'].capitalize()} from {numbers.day(ahead['valid_from'])}"
    return text


def exceptions(frame: Backdrop, mpid: str) -> None:
    """Exceptions by rule, each a link to the list that shows them."""
    found = data.parties.exceptions(frame.view, mpid)
    st.header("Exceptions by rule", anchor=False)
    if found.is_empty():
        st.markdown("No exception names this party.")
        return
    for row in found.to_dicts():
        severity = words.severity_text(row["severity"])
        st.page_link(
            "views/exceptions.py",
            label=f"**{row['in_total']:,}** {plain(severity)}: {plain(row['title'])} "
            f"({plain(row['rule_id'])}){_standing(row)}",
            width="stretch",
            query_params=frame.link_parameters({"rule_id": [row["rule_id"]], "mpid": [mpid]}),
        )


def _standing(row: dict[str, Any]) -> str:
    """, 3 open, 2 closed · , closed: said where not all of them are open."""
    total, is_open, closed = row["in_total"], row["open"], row["closed"]
    counts = {"open": is_open, "closed": closed, "on record": total - is_open - closed}
    if is_open == total:
        return ""
    parts = [
        name if count == total else f"{count:,} {name}" for name, count in counts.items() if count
    ]
    return f", {', '.join(parts)}"
