"""The one way to show a chart: finding, measure, figure, the same numbers as a table, source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from dashboards.components import numbers
from dashboards.components.look import Palette
from dashboards.components.markup import escape, frame_table, plain, plot_text
from dashboards.data import View

# Pixels between the axis and the origin line: two lines of tick labels stand between.
_CAPTION_BELOW = 42


@dataclass(frozen=True)
class Chart:
    """What a chart has to carry besides its figure."""

    key: str
    title: str  # the finding, made from the data
    subtitle: str  # measure, unit, population, days
    measure: str  # what the axis counts, in a few words: it goes with a saved image
    alt: str  # the shape of the finding for those who do not see it
    table: pl.DataFrame  # the same numbers, headings and values as people read them
    mart: str
    legend: str = ""  # markup of a key above the figure, where direct labels do not do


def show(view: View, chart: Chart, figure: go.Figure, height: int) -> None:
    """Draw a chart with everything that belongs to it."""
    st.header(plain(chart.title), anchor=False)
    st.html(f'<p class="mhhs-sub">{escape(chart.subtitle)}</p>{chart.legend}')
    _caption(view, chart, figure)
    # Without a drag mode a finger on the chart scrolls the page.
    figure.update_layout(height=height, dragmode=False)
    st.plotly_chart(
        figure,
        key=chart.key,
        theme=None,
        alt=f"{chart.alt} Refer to the table below.",
        config={
            "displaylogo": False,
            "displayModeBar": True,
            "modeBarButtons": [["toImage"]],
            "scrollZoom": False,
            "toImageButtonOptions": {
                "format": "png",
                "scale": 2,
                "filename": f"mhhs_{chart.key}_{view.publication_id}",
            },
        },
    )
    with st.expander("The same numbers as a table"):
        st.html(frame_table(chart.title, chart.table))
    st.html(f'<p class="mhhs-sub">Source: <code>{escape(chart.mart)}</code></p>')


def _caption(view: View, chart: Chart, figure: go.Figure) -> None:
    """Measure above and origin below, inside the figure: a saved image must speak for itself."""
    figure.update_layout(
        title={"text": chart.measure, "x": 0, "xref": "container", "y": 1, "yanchor": "top"},
        title_pad={"t": 6, "l": 2},
    )
    figure.add_annotation(
        text=f"MHHS readiness warehouse, as of {numbers.day(view.as_of)}<br>"
        f"publication {plot_text(view.publication_id)}",
        # From the right edge there is room for it beside any axis, on a phone too.
        x=1,
        xref="paper",
        xanchor="right",
        y=0,
        yref="paper",
        yanchor="top",
        yshift=-_CAPTION_BELOW,
        align="right",
        showarrow=False,
        font={"size": 11, "color": figure.layout.template.layout.title.font.color},
    )


def mark_day(
    figure: go.Figure, day: date, text: str, colours: Palette, anchor: str = "right"
) -> None:
    """A vertical reference line with its name above the plot, which ends or begins at the line."""
    figure.add_shape(
        type="line",
        x0=day,
        x1=day,
        y0=0,
        y1=1,
        yref="paper",
        line={"color": colours.bad, "width": 2, "dash": "dot"},
    )
    figure.add_annotation(
        x=day,
        y=1,
        yref="paper",
        yanchor="bottom",
        xanchor=anchor,
        text=text,
        showarrow=False,
        font={"size": 13, "color": colours.bad},
    )


def key_of(entries: list[tuple[str, str, str]]) -> str:
    """A key above the chart: colour, line style (`solid`, `dashed` or `dotted`), words."""
    items = "".join(
        f'<li><span class="line" aria-hidden="true" style="border-top: 3px {style} {colour}">'
        "</span>"
        f"{escape(words)}</li>"
        for colour, style, words in entries
    )
    return f'<ul class="mhhs-key">{items}</ul>'


def key_of_fills(entries: list[tuple[str, str]]) -> str:
    """A key above the chart: fill, words."""
    items = "".join(
        f'<li><span class="swatch" aria-hidden="true" style="background: {fill}"></span>'
        f"{escape(words)}</li>"
        for fill, words in entries
    )
    return f'<ul class="mhhs-key">{items}</ul>'
