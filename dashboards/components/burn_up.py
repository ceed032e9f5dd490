"""The two burn-up charts: Suppliers Qualified, and points held by Qualified Suppliers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl

from dashboards import data
from dashboards.components import charts, numbers
from dashboards.components.frame import Frame
from dashboards.components.look import template

HEIGHT = 420
_TABLE_STEP_DAYS = 28


def suppliers_chart(frame: Frame, headline: dict[str, Any], forecast: pl.DataFrame) -> None:
    """Suppliers Qualified by day, and when the others expect to be."""
    actual = data.overview.suppliers_qualified_by_day(frame.view).rename({"qualified": "value"})
    expected = _expected(frame.view.as_of, headline["suppliers_qualified"], forecast, "suppliers")
    total = headline["suppliers"]
    title = _suppliers_title(headline, forecast)
    figure = _figure(frame, actual, expected, total, f"All {total:,} Suppliers", headline)
    charts.show(
        frame.view,
        charts.Chart(
            key="suppliers_qualified",
            title=title,
            subtitle="Suppliers Qualified for at least one market segment, of those in force or "
            f"holding live Metering Points; {_span(actual)}",
            measure="Suppliers Qualified",
            alt=_alt("Suppliers Qualified", actual, expected),
            table=_table(actual, expected, "Suppliers Qualified"),
            mart="fct_qualification, rpt_supplier_readiness",
            legend=_legend(frame, expected),
        ),
        figure,
        HEIGHT,
    )


def points_chart(frame: Frame, headline: dict[str, Any], forecast: pl.DataFrame) -> None:
    """Live Metering Points of Qualified Suppliers by day, and what the forecasts would add."""
    by_day = data.overview.points_by_day(frame.view)
    actual = by_day.select("date_day", value="qualified")
    total = headline["live_metering_points"]
    now = total - headline["points_not_qualified"]
    expected = _expected(frame.view.as_of, now, forecast, "points_not_qualified")
    share = numbers.percent(now / total if total else None)
    figure = _figure(
        frame, actual, expected, total, f"All {numbers.short(total)} live points", headline
    )
    charts.show(
        frame.view,
        charts.Chart(
            key="points_qualified",
            title=f"{share} of live Metering Points are with a Qualified Supplier",
            subtitle="Live Metering Points whose Supplier is Qualified for their market segment on "
            f"the day; {_span(actual)}",
            measure="Live Metering Points with a Qualified Supplier",
            alt=_alt("Live Metering Points held by Qualified Suppliers", actual, expected),
            table=_table(actual, expected, "Metering Points"),
            mart="rpt_daily_position, rpt_supplier_readiness",
            legend=_legend(frame, expected),
        ),
        figure,
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


def _figure(
    frame: Frame,
    actual: pl.DataFrame,
    expected: pl.DataFrame,
    total: int,
    total_words: str,
    headline: dict[str, Any],
) -> go.Figure:
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
        text=total_words,
        showarrow=False,
        xanchor="left",
        yanchor="bottom",
        font={"size": 13, "color": colours.muted},
    )
    charts.mark_day(
        figure, headline["m14_date"], f"M14, {numbers.day(headline['m14_date'])}", colours
    )
    last_day = max([headline["m14_date"], *expected["date_day"].to_list(), frame.view.as_of])
    first_day = actual["date_day"].min() if actual.height else frame.view.as_of
    figure.update_xaxes(range=[first_day, last_day + timedelta(days=10)], tickformat="%b<br>%Y")
    figure.update_yaxes(range=[0, total * 1.12 or 1], tickformat=",")
    return figure


def _legend(frame: Frame, expected: pl.DataFrame) -> str:
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
        pl.col("date_day").map_elements(numbers.day, return_dtype=pl.String).alias("Day"),
        pl.col("kind").alias("Kind"),
        pl.col("value").alias(heading),
    )
