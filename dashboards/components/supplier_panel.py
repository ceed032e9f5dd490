"""One Supplier: where it stands, its stages, approvals and exceptions."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboards import data
from dashboards.components import charts, numbers, words
from dashboards.components.frame import Frame
from dashboards.components.look import template
from dashboards.components.markup import badge, cell_table, escape, facts, plain

_DAYS = ("planned_on", "forecast_on", "completed_on")


def supplier_panel(frame: Frame, row: dict[str, Any]) -> None:
    """Everything about one Supplier; `row` is its row of `rpt_supplier_readiness`."""
    name = words.party(row["participant_name"], row["mpid"])
    st.header(plain(name), anchor=False)
    _state(row, frame.view.as_of)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _stages(frame, row)
    with right:
        _approvals(frame, row["mpid"])
        _exceptions(frame, row["mpid"])


def _state(row: dict[str, Any], as_of: date) -> None:
    status = words.READINESS[row["readiness_status"]]
    pairs = [("Status", badge(status))]
    if row["reason"]:
        pairs.append(("Why", escape(words.REASON.get(row["reason"], row["reason"]))))
    if row["is_qualified"]:
        pairs.append(("Qualified since", numbers.day(row["qualified_from"])))
        pairs.append(("Qualified for", escape(segments_in_words(row["qualified_segments"]))))
    else:
        expected = row["forecast_qualification_on"]
        has_passed = expected is not None and expected <= as_of
        day = numbers.day(expected)
        pairs.append(("Expected to be Qualified", f"{day}, passed" if has_passed else day))
        if not has_passed:
            pairs.append(("Against M14", margin_in_words(row["days_margin_to_m14"])))
    pairs += [
        ("Live Metering Points", numbers.whole(row["live_metering_points"])),
        ("of them held while not Qualified", numbers.whole(row["points_not_qualified"])),
        ("Still to migrate", numbers.whole(row["points_to_migrate"])),
        ("Migrated per working day (needed for M15)", _pace(row)),
    ]
    st.html(facts(pairs))


def segments_in_words(letters: str | None) -> str:
    """SA: Smart, Advanced"""
    if not letters:
        return numbers.NOT_AVAILABLE
    return ", ".join(words.SEGMENT.get(letter, letter) for letter in letters)


def margin_in_words(days: int | None) -> str:
    """12 days before, 4 days after"""
    if days is None:
        return numbers.NOT_AVAILABLE
    if days == 0:
        return "on the day"
    return f"{numbers.count_of(abs(days), 'day')} {'before' if days > 0 else 'after'}"


def _pace(row: dict[str, Any]) -> str:
    pace, needed = row["pace_per_working_day"], row["needed_per_working_day"]
    if needed is None:
        return numbers.NOT_AVAILABLE
    return f"{numbers.rate(pace)} ({numbers.rate(needed)})"


def _stages(frame: Frame, row: dict[str, Any]) -> None:
    stages = data.suppliers.stages(frame.view, row["mpid"])
    if stages.is_empty():
        st.header("No stages are known", anchor=False)
        st.markdown("The qualification extracts hold no stage of this Supplier.")
        return
    m14 = data.frame.milestone_day(frame.view, "M14")
    complete = int(stages["completed_on"].is_not_null().sum())
    overdue = int(stages["is_overdue"].sum())
    title = f"{complete} of {stages.height} stages are complete" + (
        f", {overdue} overdue" if overdue else ""
    )
    table = pl.DataFrame([_stage_cells(stage) for stage in stages.to_dicts()])
    charts.show(
        frame.view,
        charts.Chart(
            key=f"stages_{row['mpid']}",
            title=title,
            subtitle="Stages of Qualification: planned, forecast and completed day",
            measure="Day of each stage of Qualification",
            alt=f"Days of each stage against M14. {title}.",
            table=table,
            mart="fct_stage",
            legend='<ul class="mhhs-key"><li>│ Planned</li><li>◇ Forecast</li><li>● Completed</li>'
            "</ul>",
        ),
        _stages_figure(frame, stages, m14),
        height=170 + 44 * stages.height,
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
        "Stage": words.STAGE_SHORT.get(stage["stage"], stage["stage"]),
        "Planned": day(stage["planned_on"]),
        "Forecast": day(stage["forecast_on"]),
        "Completed": day(stage["completed_on"]),
        "State": state,
        "Evidence": stage["evidence_reference"] or numbers.NOT_AVAILABLE,
    }


def _stages_figure(frame: Frame, stages: pl.DataFrame, m14: date | None) -> go.Figure:
    colours = frame.colours
    labels = [words.STAGE_SHORT.get(stage, stage) for stage in stages["stage"]]
    figure = go.Figure(layout={"template": template(colours)})
    for column, symbol, colour, size, label in (
        ("forecast_on", "diamond-open", colours.focus, 15, "Forecast"),
        ("completed_on", "circle", colours.focus, 8, "Completed"),
        ("planned_on", "line-ns-open", colours.text, 16, "Planned"),
    ):
        figure.add_scatter(
            x=stages[column].to_list(),
            y=labels,
            mode="markers",
            marker={"symbol": symbol, "color": colour, "size": size, "line": {"width": 2}},
            hovertemplate=f"{label} %{{x|%-d %b %Y}}<extra></extra>",
        )
    if m14:
        charts.mark_day(figure, m14, "M14", colours)
    figure.update_yaxes(autorange="reversed", categoryorder="array", categoryarray=labels)
    shown = [day for name in _DAYS for day in stages[name].drop_nulls().to_list()]
    days = [*shown, m14] if m14 else shown
    if days:
        room = (max(days) - min(days)) * 0.12 + timedelta(days=7)
        figure.update_xaxes(range=[min(days) - room / 2, max(days) + room])
    figure.update_xaxes(tickformat="%b<br>%Y")
    return figure


def _approvals(frame: Frame, mpid: str) -> None:
    approvals = data.suppliers.approvals(frame.view, mpid)
    st.header("Approvals by body and segment", anchor=False)
    by_cell: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for decision in approvals.to_dicts():
        cell = (decision["approval_body"], decision["market_segment"])
        by_cell.setdefault(cell, []).append(decision)
    rows = [
        [
            escape(title),
            *(_decision(by_cell.get((body, segment), []), frame) for segment in words.SEGMENT),
        ]
        for body, title in words.BODY.items()
    ]
    headings = ["Body", *words.SEGMENT.values()]
    st.html(cell_table("Approvals by body and segment", headings, rows))


def _decision(decisions: list[dict[str, Any]], frame: Frame) -> str:
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


def _exceptions(frame: Frame, mpid: str) -> None:
    found = data.suppliers.exceptions(frame.view, mpid)
    st.header("Exceptions by rule", anchor=False)
    if found.is_empty():
        st.markdown("No exception names this Supplier.")
        return
    for row in found.to_dicts():
        severity = words.severity_text(row["severity"])
        st.page_link(
            "views/exceptions.py",
            label=f"**{row['in_total']:,}** {plain(severity)}: {plain(row['title'])} "
            f"({plain(row['rule_id'])})",
            width="stretch",
            query_params=frame.link_parameters({"rule_id": [row["rule_id"]], "mpid": [mpid]}),
        )
