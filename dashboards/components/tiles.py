"""Tiles: one square per thing, coloured by a few steps, each with its figure written on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

import plotly.graph_objects as go

from dashboards.components.look import Palette, template

GAP = 0.03
_WIDTHS = (0.01, 0.02, 0.05, 0.1, 0.2)

# Roughly where they lie in Great Britain: row, column.
GSP_GROUP_PLACES: Mapping[str, tuple[int, int]] = {
    "_P": (0, 1),
    "_N": (1, 1),
    "_G": (2, 1),
    "_F": (2, 2),
    "_D": (3, 1),
    "_M": (3, 2),
    "_K": (4, 0),
    "_E": (4, 1),
    "_B": (4, 2),
    "_A": (4, 3),
    "_L": (5, 0),
    "_H": (5, 1),
    "_C": (5, 2),
    "_J": (5, 3),
}


@dataclass(frozen=True)
class Tile:
    """One tile; `step` is a position in the palette's `steps`, `lines` are made safe already."""

    row: int
    column: int
    step: int
    lines: Sequence[str]
    hover: str


def tiles_figure(colours: Palette, tiles: Sequence[Tile], font_size: int = 13) -> go.Figure:
    """The tiles without axes; whoever has headings for rows or columns sets tick texts."""
    # All at once: Plotly checks every shape again with each one that is added.
    figure = go.Figure(
        layout={
            "template": template(colours),
            "shapes": [_square(colours, tile) for tile in tiles],
            "annotations": [_text(colours, tile, font_size) for tile in tiles],
        }
    )
    figure.add_scatter(
        x=[tile.column for tile in tiles],
        y=[tile.row for tile in tiles],
        mode="markers",
        marker={"size": 44, "symbol": "square", "opacity": 0},
        text=[tile.hover for tile in tiles],
        hovertemplate="%{text}<extra></extra>",
    )
    last_row = max((tile.row for tile in tiles), default=0)
    last_column = max((tile.column for tile in tiles), default=0)
    figure.update_xaxes(range=[-0.5, last_column + 0.5], visible=False, fixedrange=True)
    figure.update_yaxes(range=[last_row + 0.5, -0.5], visible=False, fixedrange=True)
    return figure


def _square(colours: Palette, tile: Tile) -> dict[str, Any]:
    return {
        "type": "rect",
        "x0": tile.column - 0.5 + GAP,
        "x1": tile.column + 0.5 - GAP,
        "y0": tile.row - 0.5 + GAP,
        "y1": tile.row + 0.5 - GAP,
        "fillcolor": colours.steps[tile.step][0],
        "line": {"width": 1, "color": colours.quiet},
    }


def _text(colours: Palette, tile: Tile, font_size: int) -> dict[str, Any]:
    return {
        "x": tile.column,
        "y": tile.row,
        "text": "<br>".join(tile.lines),
        "showarrow": False,
        "font": {"size": font_size, "color": colours.steps[tile.step][1]},
    }


@dataclass(frozen=True)
class Steps:
    """Equal steps of a share, as few and as round as hold every value."""

    first: float
    width: float
    count: int

    def of(self, share: float) -> int:
        """The step of a share."""
        step = floor((share - self.first) / self.width + 1e-9)
        return min(max(step, 0), self.count - 1)

    def words(self, step: int) -> str:
        """81 to 82 %"""
        low = self.first + step * self.width
        return f"{low * 100:.0f} to {(low + self.width) * 100:.0f}\u00a0%"


def steps_of(shares: Sequence[float], most: int) -> Steps:
    """Steps for these shares, at most `most` of them."""
    low, high = min(shares, default=0.0), max(shares, default=0.0)
    for width in _WIDTHS:
        first = floor(low / width + 1e-9) * width
        count = max(ceil((high - first) / width - 1e-9), 1)
        if count <= most:
            return Steps(first, width, count)
    return Steps(0.0, 1 / most, most)


def spread(step: int, count: int, steps: int) -> int:
    """The place of step `step` of `count` among `steps` colours, the darkest for the last."""
    return steps - count + step if count < steps else step


def wrapped(text: str, width: int) -> list[str]:
    """Words in lines of about this many letters."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
