"""Points and energy migrated by day, against what M15 needs: one chart each, never two axes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl

from dashboards.components import charts, numbers
from dashboards.components.frame import Backdrop
from dashboards.components.look import template
from dashboards.components.outlook import pace_title

HEIGHT = 420
_TABLE_STEP_DAYS = 28


@dataclass(frozen=True)
class _Measure:
    """Points or energy: where the marts keep them and how they are written."""

    key: str
    prefix: str
    done: str
    total: str
    share: str
    name: str
    axis: str

    def words(self, value: float | None, beside: float) -> str:
        """In the unit of the total: one unit to a chart."""
        return numbers.energy(value, beside) if self.prefix else numbers.short(value)

    def rate(self, value: float | None) -> str:
        return numbers.energy(value) if self.prefix else numbers.rate(value)

    def unit(self, total: float) -> tuple[float, str]:
        return numbers.energy_unit(total) if self.prefix else (1, "")


POINTS = _Measure(
    "points",
    "",
    "migrated_points",
    "live_metering_points",
    "migrated_share",
    "Metering Points",
    "Live Metering Points under MHHS",
)
ENERGY = _Measure(
    "kwh",
    "kwh_",
    "migrated_kwh",
    "kwh",
    "migrated_kwh_share",
    "energy",
    "Annual consumption under MHHS",
)


def by_day_chart(
    frame: Backdrop, measure: _Measure, outlook: dict[str, Any], by_day: pl.DataFrame
) -> None:
    """What has migrated by day, against the line that M15 needs and the one that the pace gives."""
    needed = outlook[f"{measure.prefix}needed_per_working_day"]
    pace = outlook[f"{measure.prefix}pace_per_working_day"]
    share = numbers.percent(outlook[measure.share])
    verb = "has" if measure.prefix else "have"
    title = pace_title(
        f"{share} of {measure.name} {verb} migrated",
        measure.rate(pace),
        measure.rate(needed) if needed else None,
        outlook[f"{measure.prefix}days_margin_to_m15"],
    )
    lines = _lines(measure, outlook)
    total = float(outlook[measure.total])
    _, unit = measure.unit(total)
    axis = f"{measure.axis}, {unit}" if unit else measure.axis
    first, last = (by_day["date_day"][0], by_day["date_day"][-1]) if by_day.height else (None, None)
    charts.show(
        frame.view,
        charts.Chart(
            key=f"migrated_{measure.key}",
            title=title,
            subtitle=f"{axis}; {numbers.day(first)} to {numbers.day(last)}, of "
            f"{measure.words(total, total)}",
            measure=axis,
            alt=f"Line of {axis}, rising to {measure.words(outlook[measure.done], total)} on "
            f"{numbers.day(outlook['as_of'])}, with the lines needed for M15 and expected at the "
            "pace of the last 28 days.",
            table=_by_day_table(measure, by_day, lines, total),
            mart="rpt_daily_position, rpt_m15_outlook",
            legend=charts.key_of(
                [
                    (frame.colours.focus, "solid", "Migrated"),
                    (frame.colours.text, "dotted", "Needed for M15"),
                    (frame.colours.focus, "dashed", "At the pace of the last 28 days"),
                ]
            ),
        ),
        _by_day_figure(frame, measure, outlook, by_day, lines),
        HEIGHT,
    )


Line = tuple[str, list[date], list[float]]


def _lines(measure: _Measure, outlook: dict[str, Any]) -> list[Line]:
    """The straight lines from the as-of day to M15 and to the expected day."""
    done, total = float(outlook[measure.done]), float(outlook[measure.total])
    as_of = outlook["as_of"]
    lines: list[Line] = []
    if done < total and outlook["m15_date"] > as_of:
        lines.append(("Needed for M15", [as_of, outlook["m15_date"]], [done, total]))
    expected = outlook[f"{measure.prefix}expected_complete_on"]
    if expected:
        lines.append(("At the pace of the last 28 days", [as_of, expected], [done, total]))
    return lines


def _by_day_figure(
    frame: Backdrop,
    measure: _Measure,
    outlook: dict[str, Any],
    by_day: pl.DataFrame,
    lines: list[Line],
) -> go.Figure:
    colours = frame.colours
    figure = go.Figure(layout={"template": template(colours)})
    total = float(outlook[measure.total])
    factor, unit = measure.unit(total)
    number = f"%{{y:,.3~r}} {unit}" if unit else "%{y:,.0f}"
    figure.add_scatter(
        x=by_day["date_day"].to_list(),
        y=(by_day[measure.key] / factor).to_list(),
        mode="lines",
        line={"color": colours.focus, "width": 3},
        hovertemplate=f"%{{x|%-d %b %Y}}: {number}<extra></extra>",
    )
    styles = {"Needed for M15": (colours.text, "dot")}
    for name, days, values in lines:
        colour, dash = styles.get(name, (colours.focus, "dash"))
        figure.add_scatter(
            x=days,
            y=[value / factor for value in values],
            mode="lines",
            line={"color": colour, "width": 2, "dash": dash},
            hovertemplate=f"{name}, %{{x|%-d %b %Y}}: {number}<extra></extra>",
        )
    figure.add_hline(y=total / factor, line={"color": colours.quiet, "width": 1})
    figure.add_annotation(
        x=0,
        xref="paper",
        y=total / factor,
        text=f"All {measure.words(total, total)}",
        showarrow=False,
        xanchor="left",
        yanchor="bottom",
        font={"size": 13, "color": colours.muted},
    )
    charts.mark_day(figure, outlook["m14_date"], "M14", colours)
    charts.mark_day(figure, outlook["m15_date"], "M15", colours)
    ends = [days[-1] for _, days, _ in lines]
    last = max([outlook["m15_date"], outlook["as_of"], *ends]) + timedelta(days=10)
    first = by_day["date_day"][0] if by_day.height else outlook["as_of"]
    figure.update_xaxes(range=[first, last], tickformat="%b<br>%Y", nticks=7)
    figure.update_yaxes(range=[0, total / factor * 1.12 or 1], tickformat=",")
    return figure


def _by_day_table(
    measure: _Measure, by_day: pl.DataFrame, lines: list[Line], total: float
) -> pl.DataFrame:
    """Every fourth week, the last day, and the ends of the lines."""
    back = pl.int_range(pl.len(), 0, -1) - 1
    rows = [
        {"Day": numbers.day(row["date_day"]), "Line": "Migrated", "value": row[measure.key]}
        for row in by_day.filter(back % _TABLE_STEP_DAYS == 0).to_dicts()
    ] + [
        {"Day": numbers.day(days[-1]), "Line": name, "value": values[-1]}
        for name, days, values in lines
    ]
    if measure.prefix:
        return pl.DataFrame(
            [
                {
                    "Day": row["Day"],
                    "Line": row["Line"],
                    "Energy a year": measure.words(row["value"], total),
                }
                for row in rows
            ]
        )
    return pl.DataFrame(
        [
            {"Day": row["Day"], "Line": row["Line"], "Metering Points": int(row["value"])}
            for row in rows
        ]
    )
