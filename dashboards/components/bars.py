"""Bars of parties, the longest first, each with a name and a second line under it."""

from __future__ import annotations

import plotly.graph_objects as go

from dashboards.components import numbers
from dashboards.components.look import Palette, template
from dashboards.components.markup import plot_text


def party_bars(
    names: list[str], notes: list[str], points: list[int], colours: Palette, fill: str
) -> go.Figure:
    """One bar of Metering Points for each name, its note in the muted colour below it."""
    # Plotly reads tags in labels, so a name is escaped.
    labels = [
        f"{plot_text(name)}<br><span style='color:{colours.muted}'>{note}</span>"
        for name, note in zip(names, notes, strict=True)
    ]
    places = list(range(len(labels)))
    figure = go.Figure(layout={"template": template(colours)})
    figure.add_bar(
        x=points,
        y=places,
        orientation="h",
        marker={"color": fill},
        text=[numbers.short(value) for value in points],
        textposition="outside",
        cliponaxis=False,
        width=0.55,
        hovertemplate="%{x:,} Metering Points<extra></extra>",
    )
    figure.update_yaxes(
        tickvals=places,
        ticktext=labels,
        autorange="reversed",
        ticklabelstandoff=6,
        showgrid=False,
    )
    figure.update_xaxes(
        range=[0, max(points) * 1.25],
        tickformat=",",
        showgrid=False,
        showticklabels=False,
        showline=False,
    )
    return figure
