"""The two burn-up charts: Suppliers Qualified, and points held by Qualified Suppliers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl

from dashboards import data
from dashboards.components import charts, numbers
from dashboards.components.frame import Backdrop
from dashboards.components.look import template
from dashboards.components.written import written
from dashboards.data import View

HEIGHT = 420
_TABLE_STEP_DAYS = 28


@dataclass(frozen=True)
class BurnUp:
    """Everything that a burn-up shows, whatever it is drawn with."""

    key: str
    title: str
    subtitle: str
    measure: str
    heading: str  # of the column of figures
    mart: str
    actual: pl.DataFrame  # date_day, value
    expected: pl.DataFrame  # the same, from the as-of day on; empty without a date ahead
    total: int
    total_words: str

    @property
    def alt(self) -> str:
        return _alt(self.measure, self.actual, self.expected)

    @property
    def table(self) -> pl.DataFrame:
        """The same numbers, headings and values as people read them."""
        return _table(self.actual, self.expected, self.heading)

    def days(self, headline: dict[str, Any]) -> tuple[date, date]:
        """First and last day of the axis: M14 and what is expected are always on it."""
        ends = [headline["m14_date"], headline["as_of"], *self.expected["date_day"].to_list()]
        first = self.actual["date_day"][0] if self.actual.height else headline["as_of"]
        return first, max(ends) + timedelta(days=10)


def suppliers_burn_up(view: View, headline: dict[str, Any], forecast: pl.DataFrame) -> BurnUp:
    """Suppliers Qualified by day, and when the others expect to be."""
    actual = data.overview.suppliers_qualified_by_day(view).rename({"qualified": "value"})
    total = headline["suppliers"]
    return BurnUp(
        key="suppliers_qualified",
        title=_suppliers_title(headline, forecast),
        subtitle="Suppliers Qualified for at least one market segment, of those in force or "
        f"holding live Metering Points; {_span(actual)}",
        measure="Suppliers Qualified",
        heading="Suppliers Qualified",
        mart="fct_qualification, rpt_supplier_readiness",
        actual=actual,
        expected=_expected(view.as_of, headline["suppliers_qualified"], forecast, "suppliers"),
        total=total,
        total_words=f"All {total:,} Suppliers",
    )


def points_burn_up(view: View, headline: dict[str, Any], forecast: pl.DataFrame) -> BurnUp:
    """Live Metering Points of Qualified Suppliers by day, and what the forecasts would add."""
    actual = data.overview.points_by_day(view).select("date_day", value="qualified")
    total = headline["live_metering_points"]
    now = total - headline["points_not_qualified"]
    share = numbers.percent(now / total if total else None)
    return BurnUp(
        key="points_qualified",
        title=f"{share} of live Metering Points are with a Qualified Supplier",
        subtitle="Live Metering Points whose Supplier is Qualified for their market segment on "
        f"the day; {_span(actual)}",
        measure="Live Metering Points with a Qualified Supplier",
        heading="Metering Points",
        mart="rpt_daily_position, rpt_supplier_readiness",
        actual=actual,
        expected=_expected(view.as_of, now, forecast, "points_not_qualified"),
        total=total,
        total_words=f"All {numbers.short(total)} live points",
    )


def show_burn_up(frame: Backdrop, found: BurnUp, headline: dict[str, Any]) -> None:
    """Draw one."""
    charts.show(
        frame.view,
        charts.Chart(
            key=found.key,
            title=found.title,
            subtitle=found.subtitle,
            measure=found.measure,
            alt=found.alt,
            table=found.table,
            mart=found.mart,
            legend=_legend(frame, found.expected),
        ),
        _figure(frame, found, headline),
        HEIGHT,
    )


def forecast_of(suppliers: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Suppliers and points by the day on which a Supplier not yet Qualified expects to be.

    A date that has passed is no expectation any more and is left out.
    """
    return (
        suppliers.filter(~pl.col("is_qualified") & (pl.col("forecast_qualification_on") > as_of))
        .group_by(pl.col("forecast_qualification_on").alias("date_day"))
        .agg(suppliers=pl.len(), points_not_qualified=pl.col("points_not_qualified").sum())
        .sort("date_day")
    )


def _suppliers_title(headline: dict[str, Any], forecast: pl.DataFrame) -> str:
    done, total = headline["suppliers_qualified"], headline["suppliers"]
    if done == total:
        return f"All {total:,} Suppliers are Qualified"
    left = total - done
    if headline["days_to_m14"] > 0:
        in_time = int(forecast.filter(pl.col("date_day") < headline["m14_date"])["suppliers"].sum())
        return (
            f"{done:,} of {total:,} Suppliers are Qualified; {in_time:,} of the other {left:,} "
            "expect to be before M14"
        )
    with_date = int(forecast["suppliers"].sum())
    return (
        f"{done:,} of {total:,} Suppliers are Qualified; {with_date:,} of the {left:,} that are "
        "not have a date ahead"
    )


def _expected(as_of: date, now: int, forecast: pl.DataFrame, column: str) -> pl.DataFrame:
    steps = forecast.select("date_day", value=now + pl.col(column).cum_sum())
    if steps.is_empty():
        return steps
    start = pl.DataFrame({"date_day": [as_of], "value": [now]}, schema=steps.schema)
    return pl.concat([start, steps])


def _figure(frame: Backdrop, found: BurnUp, headline: dict[str, Any]) -> go.Figure:
    actual, expected, total = found.actual, found.expected, found.total
    colours = frame.colours
    figure = go.Figure(layout={"template": template(colours)})
    figure.add_scatter(
        x=actual["date_day"].to_list(),
        y=actual["value"].to_list(),
        mode="lines",
        line={"color": colours.focus, "width": 3, "shape": "hv"},
        hovertemplate="%{x|%-d %b %Y}: %{y:,}<extra></extra>",
    )
    if expected.height:
        figure.add_scatter(
            x=expected["date_day"].to_list(),
            y=expected["value"].to_list(),
            mode="lines",
            line={"color": colours.focus, "width": 2, "dash": "dash", "shape": "hv"},
            hovertemplate="expected %{x|%-d %b %Y}: %{y:,}<extra></extra>",
        )
    figure.add_hline(y=total, line={"color": colours.quiet, "width": 1})
    figure.add_annotation(
        x=0,
        xref="paper",
        y=total,
        text=found.total_words,
        showarrow=False,
        xanchor="left",
        yanchor="bottom",
        font={"size": 13, "color": colours.muted},
    )
    charts.mark_day(
        figure, headline["m14_date"], f"M14, {numbers.day(headline['m14_date'])}", colours
    )
    figure.update_xaxes(range=list(found.days(headline)), tickformat="%b<br>%Y")
    figure.update_yaxes(range=[0, total * 1.12 or 1], tickformat=",")
    return figure


def _legend(frame: Backdrop, expected: pl.DataFrame) -> str:
    entries = [(frame.colours.focus, "solid", "Actual")]
    if expected.height:
        entries.append((frame.colours.focus, "dashed", "Expected, from the Suppliers' own dates"))
    return charts.key_of(entries)


def _span(actual: pl.DataFrame) -> str:
    if actual.is_empty():
        return "no days"
    first, last = actual["date_day"][0], actual["date_day"][-1]
    return f"{numbers.day(first)} to {numbers.day(last)}"


def _alt(what: str, actual: pl.DataFrame, expected: pl.DataFrame) -> str:
    if actual.is_empty():
        return f"{what}: no rows."
    first, last = actual.row(0, named=True), actual.row(-1, named=True)
    words = (
        f"Line of {what}: from {numbers.short(first['value'])} on {numbers.day(first['date_day'])} "
        f"to {numbers.short(last['value'])} on {numbers.day(last['date_day'])}"
    )
    if expected.height:
        end = expected.row(-1, named=True)
        words += f", expected {numbers.short(end['value'])} by {numbers.day(end['date_day'])}"
    return f"{words}."


def _table(actual: pl.DataFrame, expected: pl.DataFrame, heading: str) -> pl.DataFrame:
    """Every fourth week, the last day, and every expected step."""
    back = pl.int_range(pl.len(), 0, -1) - 1
    parts = [
        actual.filter(back % _TABLE_STEP_DAYS == 0).with_columns(kind=pl.lit("Actual")),
        expected.slice(1).with_columns(kind=pl.lit("Expected")),
    ]
    rows = pl.concat([part.with_columns(pl.col("value").cast(pl.Int64)) for part in parts])
    return rows.select(
        written("Day", rows["date_day"], numbers.day),
        pl.col("kind").alias("Kind"),
        pl.col("value").alias(heading),
    )
