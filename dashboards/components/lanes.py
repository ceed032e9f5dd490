"""Swim lanes: who held and served one Metering Point, and who was Qualified, on one time axis."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

import plotly.graph_objects as go
import polars as pl

from dashboards.components import charts, numbers, words
from dashboards.components.look import Palette, template
from dashboards.components.markup import plot_text
from dashboards.data.points import Point

Kind = Literal["ROLE", "QUALIFIED", "MHHS", "LEGACY"]
Row = dict[str, Any]

OPEN_END = date(9999, 12, 31)
LANE_HEIGHT = 74
# Dark on both middle tones, in both themes.
INK = "#0b0c0c"
_EDGE = timedelta(days=60)
_AFTER = timedelta(days=24)
_MS_PER_DAY = 86_400_000


@dataclass(frozen=True)
class Bar:
    """A run of days `[start, end)` and what it says."""

    start: date
    end: date
    kind: Kind
    text: str


@dataclass
class Lane:
    """One row of the chart."""

    title: str
    bars: list[Bar] = field(default_factory=list)
    fault: str = ""


def lanes_of(point: Point, first: date, last: date) -> list[Lane]:
    """Regime, each Supplier in each segment, each agent in each role; only what the axis shows."""
    lanes: dict[tuple[str, str, str], Lane] = {}
    regime = Lane("Arrangements")
    for row in point.regimes:
        regime.bars.append(
            Bar(
                row["valid_from"],
                row["valid_to"],
                row["regime"],
                words.REGIME[row["regime"]],
            )
        )
    if not point.regimes:
        regime.bars.append(Bar(date.min, OPEN_END, "LEGACY", words.REGIME["LEGACY"]))
    for row in held(point):
        key = (row["supplier_mpid"], "SUP", row["market_segment"])
        name = words.party(point.names.get(row["supplier_mpid"]), row["supplier_mpid"])
        segment = words.SEGMENT.get(row["market_segment"], row["market_segment"])
        lane = lanes.setdefault(key, Lane(f"{name}, Supplier, {segment}"))
        lane.bars.append(_role_bar(row, "Held"))
    for row in point.appointments:
        if row["appointment_status"] != "ACTIVE":
            continue
        key = (row["agent_mpid"], row["service_role"], "*")
        name = words.party(point.names.get(row["agent_mpid"]), row["agent_mpid"])
        role = words.ROLE.get(row["service_role"], row["service_role"])
        lane = lanes.setdefault(key, Lane(f"{name}, {role}"))
        lane.bars.append(_role_bar(row, "Served"))
    shown = {
        key: lane
        for key, lane in lanes.items()
        if any(bar.end > first and bar.start <= last for bar in lane.bars)
    }
    for key, lane in shown.items():
        _add_qualification(point, key, lane)
    return [regime, *shown.values()]


def held(point: Point) -> list[Row]:
    """Its holdings of a day or more: another of the same first day took the place of the rest."""
    return [row for row in point.holdings if row["valid_from"] < row["valid_to"]]


def _role_bar(row: Row, verb: str) -> Bar:
    return Bar(row["valid_from"], row["valid_to"], "ROLE", f"{verb} {span(row)}")


def _add_qualification(point: Point, key: tuple[str, str, str], lane: Lane) -> None:
    mpid, role, segment = key
    if role in words.LEGACY_ROLES:
        return
    spells = [
        row
        for row in point.qualifications
        if (row["mpid"], row["market_role"], row["market_segment"]) == (mpid, role, segment)
    ]
    lane.bars += [
        Bar(row["valid_from"], row["valid_to"], "QUALIFIED", f"Qualified {span(row)}")
        for row in spells
    ]
    if not spells:
        lane.fault = "▲ never Qualified"


def span(row: Row) -> str:
    """from 2 Sep 2026 · until 1 Sep 2026 · 22 Jul to 15 Aug 2026"""
    start, end = row["valid_from"], row["valid_to"]
    if end == OPEN_END:
        return f"from {numbers.day(start)}"
    last = numbers.day(end - timedelta(days=1))
    return f"until {last}" if start == date.min else f"{numbers.day(start)} to {last}"


def axis(as_of: date, milestones: dict[str, date]) -> tuple[date, date]:
    """First and last day drawn: the same for every point of a publication."""
    days = [as_of, *(milestones[name] for name in ("M11", "M14", "M15") if name in milestones)]
    return min(days) - _EDGE, max(days) + _AFTER


def figure_of(
    lanes: list[Lane], as_of: date, milestones: dict[str, date], colours: Palette
) -> go.Figure:
    """The lanes from top to bottom, with the milestones and the as-of day."""
    first, last = axis(as_of, milestones)
    figure = go.Figure(layout={"template": template(colours)})
    fills = {
        "ROLE": colours.focus,
        "QUALIFIED": colours.good,
        "MHHS": colours.series[1],
        "LEGACY": colours.quiet,
    }
    for kind, fill in fills.items():
        drawn = [
            (position, bar)
            for position, lane in enumerate(lanes)
            for bar in lane.bars
            if bar.kind == kind
        ]
        now = as_of + timedelta(days=1)
        _add_bars(figure, drawn, fill, (first, now), colours)
        # Days to come are only what is known of them now.
        _add_bars(figure, drawn, fill, (now, last + timedelta(days=1)), colours, opacity=0.4)
    _mark_days(figure, as_of, milestones, colours)
    texts = []
    for position, lane in enumerate(lanes):
        texts.append(_text(position - 0.33, plot_text(lane.title), colours))
        if lane.fault:  # where the days of Qualification would be: beside a long name it is cut off
            fault = f"<b style='color:{colours.bad}'>{lane.fault}</b>"
            texts.append(_text(position + 0.3, fault, colours))
    # All at once: Plotly checks every annotation again whenever one is added.
    figure.layout.annotations += tuple(texts)
    # Bars with a base are lengths: without its type the axis would count milliseconds.
    figure.update_xaxes(type="date", range=[first, last], tickformat="%b<br>%Y", showgrid=True)
    # A rule between the lanes: a fault belongs to the party above it, not to the one below.
    figure.update_yaxes(
        range=[len(lanes) - 0.45, -0.75],
        tickmode="array",
        tickvals=[position + 0.47 for position in range(len(lanes) - 1)],
        showgrid=True,
        showticklabels=False,
        ticks="",
    )
    # A text that does not fit its bar is left out; the table has it.
    figure.update_layout(
        barmode="overlay", margin={"t": 72}, uniformtext={"minsize": 12, "mode": "hide"}
    )
    return figure


def _text(y: float, text: str, colours: Palette) -> go.layout.Annotation:
    return go.layout.Annotation(
        x=0,
        xref="paper",
        xanchor="left",
        y=y,
        yanchor="middle",
        text=text,
        showarrow=False,
        align="left",
        bgcolor=colours.background,
        borderpad=0,
        font={"size": 13, "color": colours.text},
    )


def _add_bars(
    figure: go.Figure,
    bars: list[tuple[int, Bar]],
    fill: str,
    window: tuple[date, date],
    colours: Palette,
    opacity: float = 1,
) -> None:
    """The part of the bars within `[window)`; faint parts bear no text, which could not be read."""
    first, end = window
    drawn = [
        (position, bar, max(bar.start, first), min(bar.end, end))
        for position, bar in bars
        if bar.start < end and bar.end > first
    ]
    if not drawn:
        return
    kind = drawn[0][1].kind
    thin = kind == "QUALIFIED"
    named = not thin and opacity == 1
    figure.add_bar(
        orientation="h",
        base=[start for _, _, start, _ in drawn],
        x=[(stop - start).days * _MS_PER_DAY for _, _, start, stop in drawn],
        y=[position + (0.27 if thin else 0) for position, *_ in drawn],
        width=0.12 if thin else 0.34,
        marker={"color": fill, "line": {"width": 0}},
        opacity=opacity,
        text=[bar.text if named else "" for _, bar, *_ in drawn],
        textposition="inside",
        insidetextanchor="start",
        textangle=0,
        textfont={"size": 12, "color": colours.background if kind == "ROLE" else INK},
        customdata=[plot_text(bar.text) for _, bar, *_ in drawn],
        hovertemplate="%{customdata}<extra></extra>",
    )


def _mark_days(
    figure: go.Figure, as_of: date, milestones: dict[str, date], colours: Palette
) -> None:
    """The as-of day stands away from M14, which it may lie next to."""
    m14 = milestones.get("M14")
    after = m14 is None or as_of >= m14
    for name, anchor in (("M11", "left"), ("M14", "right" if after else "left"), ("M15", "right")):
        if name in milestones:
            charts.mark_day(figure, milestones[name], name, colours, anchor=anchor)
    figure.add_shape(
        type="line",
        x0=as_of,
        x1=as_of,
        y0=0,
        y1=1,
        yref="paper",
        line={"color": colours.text, "width": 1.5},
    )
    figure.add_annotation(
        x=as_of,
        y=1,
        yref="paper",
        yanchor="bottom",
        xanchor="left" if after else "right",
        yshift=16,  # above the milestones, which are near on a phone
        text=f"As of {as_of.day} {as_of:%b}",
        showarrow=False,
        font={"size": 13, "color": colours.text},
    )


def table_of(point: Point) -> pl.DataFrame:
    """The same as a table, with what lies before the axis and appointments that never were."""

    def line(what: str, mpid: str | None, capacity: str, row: Row, state: str) -> dict[str, str]:
        first, last = row["valid_from"], row["valid_to"]
        return {
            "What": what,
            "Who": words.party(point.names.get(mpid), mpid) if mpid else numbers.NOT_APPLICABLE,
            "As": capacity,
            "First day": "the start" if first == date.min else numbers.day(first),
            "Last day": "open" if last == OPEN_END else numbers.day(last - timedelta(days=1)),
            "State": state,
        }

    holdings = [
        line(
            "Holding",
            row["supplier_mpid"],
            _capacity("SUP", row["market_segment"]),
            row,
            "Live" if row["is_live"] else "Not live",
        )
        for row in held(point)
    ]
    regimes = [
        line("Arrangements", None, words.REGIME[row["regime"]], row, numbers.NOT_APPLICABLE)
        for row in point.regimes
    ]
    served = [
        line(
            "Appointment",
            row["agent_mpid"],
            _capacity(row["service_role"]),
            row,
            words.APPOINTMENT_STATUS.get(row["appointment_status"], row["appointment_status"]),
        )
        for row in point.appointments
    ]
    qualified = [
        line(
            "Qualified",
            row["mpid"],
            _capacity(row["market_role"], row["market_segment"]),
            row,
            numbers.NOT_APPLICABLE,
        )
        for row in point.qualifications
    ]
    return pl.DataFrame([*holdings, *regimes, *served, *qualified])


def _capacity(role: str, segment: str = "*") -> str:
    """Supplier, Smart · Metering Service Smart"""
    name = words.ROLE.get(role, role)
    return name if segment == "*" else f"{name}, {words.SEGMENT.get(segment, segment)}"
