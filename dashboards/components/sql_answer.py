"""An answer on the page: what it is, its rows, and one chart where two of its columns make one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboards import data
from dashboards.components import charts, look, numbers
from dashboards.components.frame import Frame
from dashboards.components.markup import plot_text
from pipeline.sandbox.asking import Answer
from pipeline.sandbox.terms import BadQuestion

NULL = "null"
_BARS = 20
_A_NAME = re.compile(r"(^|_)(year|id|line)$")
_ROW_HEIGHT = 35
_TITLES = {
    "refused": "This query is not allowed",
    "unreadable": "DuckDB cannot read the query",
    "failed": "DuckDB could not answer the query",
    "limit": "The query was stopped",
}


def show_failure(error: BadQuestion) -> None:
    """Why there is no answer. The message may hold several lines and the asker's own words."""
    st.error(_TITLES[error.kind], icon=":material/error:")
    st.code(str(error), language=None, wrap_lines=True)


def show_answer(answer: Answer) -> pl.DataFrame:
    """The rows, with what cut them if anything did."""
    rows = data.sql.frame_of(answer)
    st.markdown(f"{_count(answer, rows.height)} in {answer.seconds:.1f} seconds.")
    if answer.cut:
        st.warning(_cut_in_words(answer, rows.height), icon=":material/content_cut:")
    if not rows.height:
        return rows
    st.dataframe(
        rows,
        key="sql_rows",
        hide_index=True,
        height=min(38 + _ROW_HEIGHT * rows.height, 500),
        placeholder=NULL,
        alt=f"The answer: {rows.height:,} rows with the columns {', '.join(rows.columns)}.",
        column_config=_columns(rows.schema),
    )
    return rows


def _count(answer: Answer, rows: int) -> str:
    if answer.cut:
        return f"**The first {rows:,} rows**" if rows else "**No row fits**"
    return f"**{rows:,} row{'' if rows == 1 else 's'}**"


def _cut_in_words(answer: Answer, rows: int) -> str:
    limits = data.sql.LIMITS
    if answer.cut == "rows":
        why = f"The answer is longer than {limits.rows:,} rows."
    elif rows:
        why = f"The answer is larger than {numbers.file_size(limits.size or 0)}."
    else:
        why = f"The first row alone is larger than {numbers.file_size(limits.size or 0)}."
    return f"{why} The files below take every row."


def _columns(schema: Mapping[str, pl.DataType]) -> dict[str, Any]:
    """Days as ISO, as they are written in SQL; thousands apart, save where a number is a name."""
    day = st.column_config.DateColumn(format="YYYY-MM-DD")
    instant = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss")
    whole = st.column_config.NumberColumn(format="%,d")
    columns: dict[str, Any] = {}
    for name, kind in schema.items():
        if kind == pl.Date:
            columns[name] = day
        elif isinstance(kind, pl.Datetime):
            columns[name] = instant
        elif kind.is_integer() and not _A_NAME.search(name):
            columns[name] = whole
    return columns


def offer_chart(frame: Frame, rows: pl.DataFrame) -> None:
    """Bars by a text, or a line by day, of one number; nothing where the columns make neither."""
    along = [name for name, kind in rows.schema.items() if kind in (pl.String, pl.Date)]
    of = [name for name, kind in rows.schema.items() if kind.is_numeric()]
    if not (along and of and rows.height > 1):
        return
    if not st.toggle("Show as a chart", key="sql_chart"):
        return
    with st.container(horizontal=True, gap="small"):
        x = st.selectbox("Along", along, key="sql_chart_along", width=260)
        y = st.selectbox("Number", of, key="sql_chart_of", width=260)
    points = rows.select(x, y).drop_nulls()
    if points.is_empty():
        st.info("These columns hold no values together.", icon=":material/info:")
    elif points.schema[x] == pl.Date:
        _line(frame, points.sort(x), x, y)
    else:
        _bars(frame, points, x, y)


def _bars(frame: Frame, points: pl.DataFrame, x: str, y: str) -> None:
    shown = points.sort(y, descending=True).head(_BARS)
    most, least = shown.row(0), shown.row(-1)
    figure = go.Figure(
        go.Bar(
            x=shown[y].to_list(),
            y=[plot_text(str(each)[:40]) for each in shown[x]],
            orientation="h",
            marker={"color": frame.colours.focus},
            text=[_written(value) for value in shown[y]],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
        )
    )
    figure.update_layout(template=look.template(frame.colours))
    figure.update_yaxes(autorange="reversed", type="category")
    what = "all" if points.height <= _BARS else f"the {_BARS} largest"
    _show(
        frame,
        figure,
        title=f"{most[0]} has the most {y}: {_written(most[1])}",
        subtitle=f"{y} by {x}, {what} of {points.height:,} rows of the answer.",
        measure=y,
        alt=f"Bars from {_written(most[1])} for {most[0]} down to {_written(least[1])} for "
        f"{least[0]}.",
        table=shown,
        height=160 + 28 * shown.height,
    )


def _line(frame: Frame, points: pl.DataFrame, x: str, y: str) -> None:
    first, last = points.row(0), points.row(-1)
    figure = go.Figure(
        go.Scatter(
            x=points[x].to_list(),
            y=points[y].to_list(),
            mode="lines+markers" if points.height <= _BARS * 3 else "lines",
            line={"color": frame.colours.focus, "width": 2},
        )
    )
    figure.update_layout(template=look.template(frame.colours))
    figure.update_yaxes(rangemode="tozero")
    span = f"from {numbers.day(first[0])} to {numbers.day(last[0])}"
    _show(
        frame,
        figure,
        title=f"{y} went from {_written(first[1])} to {_written(last[1])}",
        subtitle=f"{y} by {x}, {span}, {points.height:,} rows of the answer.",
        measure=y,
        alt=f"Line from {_written(first[1])} on {numbers.day(first[0])} to {_written(last[1])} on "
        f"{numbers.day(last[0])}.",
        table=points.with_columns(pl.col(x).dt.to_string("%Y-%m-%d")),
        height=380,
    )


def _show(
    frame: Frame,
    figure: go.Figure,
    *,
    title: str,
    subtitle: str,
    measure: str,
    alt: str,
    table: pl.DataFrame,
    height: int,
) -> None:
    chart = charts.Chart(
        key="sql_answer",
        title=title,
        subtitle=subtitle,
        measure=plot_text(measure),
        alt=alt,
        table=table,
        mart="the query above",
    )
    charts.show(frame.view, chart, figure, height)


def _written(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
