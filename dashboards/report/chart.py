"""A burn-up as SVG: what the page draws with Plotly, drawn for paper without a browser."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from math import floor, log10
from typing import Any

import polars as pl

from dashboards.components import numbers
from dashboards.components.burn_up import BurnUp
from dashboards.components.look import LIGHT
from dashboards.components.markup import escape

# Points of the paper, half its width: the text in the drawing is of the size that it says.
WIDTH, HEIGHT = 232, 165
_LEFT, _RIGHT, _TOP, _BOTTOM = 38, 8, 20, 20
_FONT = "Source Sans Pro"
_MOST_TICKS = 4


def burn_up_svg(found: BurnUp, headline: dict[str, Any]) -> str:
    """The drawing, in the colours of the light theme."""
    first, last = found.days(headline)
    top = max(found.total * 1.12, 1)
    scale = _Scale(first, last, top)
    parts = [
        *_grid(scale, top),
        *_months(scale, first, last),
        *_total(scale, found),
        *_mark(scale, headline["m14_date"]),
        _steps(scale, found.expected, LIGHT.focus, dash="5 3", width=1.3),
        _steps(scale, found.actual, LIGHT.focus, width=2),
        *_ends(scale, found),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="{_FONT}" font-size="8">{"".join(parts)}</svg>'
    )


class _Scale:
    """From days and figures to places on the drawing."""

    def __init__(self, first: date, last: date, top: float) -> None:
        self._first = first
        self._days = max((last - first).days, 1)
        self._top = top

    def x(self, day: date) -> float:
        inside = WIDTH - _LEFT - _RIGHT
        return round(_LEFT + inside * (day - self._first).days / self._days, 1)

    def y(self, value: float) -> float:
        inside = HEIGHT - _TOP - _BOTTOM
        return round(_TOP + inside * (1 - value / self._top), 1)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, more: str = "") -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}" {more}/>'


def _text(x: float, y: float, words: str, colour: str, anchor: str = "start") -> str:
    # A rim of paper keeps the words apart from the lines that they cross.
    rim = 'paint-order="stroke" stroke="#fff" stroke-width="2.5" stroke-linejoin="round"'
    return (
        f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}" {rim}>{escape(words)}</text>'
    )


def _grid(scale: _Scale, top: float) -> list[str]:
    parts = []
    for value in ticks(top):
        y = scale.y(value)
        colour = LIGHT.quiet if value == 0 else LIGHT.rule
        parts.append(_line(_LEFT, y, WIDTH - _RIGHT, y, colour, 'stroke-width="0.6"'))
        parts.append(_text(_LEFT - 5, y + 2.7, numbers.short(value), LIGHT.text, "end"))
    return parts


def ticks(top: float) -> list[int]:
    """Round figures from 0 up to `top`, four to seven of them where there is room."""
    step = max(10 ** floor(log10(max(top, 1) / 2)), 1)
    for factor in (1, 2, 5, 10):
        if top / (step * factor) <= 5:
            step *= factor
            break
    return list(range(0, int(top) + 1, int(step)))


def _months(scale: _Scale, first: date, last: date) -> list[str]:
    firsts = [
        date(year, month, 1)
        for year in range(first.year, last.year + 1)
        for month in range(1, 13)
        if first <= date(year, month, 1) <= last
    ]
    every = -(-len(firsts) // _MOST_TICKS) or 1
    parts = []
    for day in firsts[::every]:
        x, base = scale.x(day), HEIGHT - _BOTTOM
        parts.append(_line(x, base, x, base + 3, LIGHT.quiet, 'stroke-width="0.6"'))
        anchor = "end" if x > WIDTH - _RIGHT - 8 else "middle"
        parts.append(_text(x, base + 12, f"{day:%b %Y}", LIGHT.text, anchor))
    return parts


def _total(scale: _Scale, found: BurnUp) -> list[str]:
    y = scale.y(found.total)
    return [
        _line(_LEFT, y, WIDTH - _RIGHT, y, LIGHT.quiet, 'stroke-width="0.8"'),
        _text(_LEFT + 3, y - 3, found.total_words, LIGHT.muted),
    ]


def _mark(scale: _Scale, day: date) -> list[str]:
    x = scale.x(day)
    more = 'stroke-width="1.2" stroke-dasharray="1.5 2.5"'
    return [
        _line(x, _TOP - 8, x, HEIGHT - _BOTTOM, LIGHT.bad, more),
        _text(x - 3, _TOP - 12, f"M14, {numbers.day(day)}", LIGHT.bad, "end"),
    ]


def _steps(scale: _Scale, frame: pl.DataFrame, colour: str, *, width: float, dash: str = "") -> str:
    """A line that stays level until the day on which the figure changes."""
    places = list(zip(frame["date_day"], frame["value"], strict=True)) if frame.height else []
    if not places:
        return ""
    path = f"M{scale.x(places[0][0])} {scale.y(places[0][1])}"
    for day, value in _changes(places):
        path += f"H{scale.x(day)}V{scale.y(value)}"
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashes}/>'


def _changes(places: Sequence[tuple[date, int]]) -> list[tuple[date, int]]:
    """The days on which the figure changes, and the last one."""
    changed = [now for before, now in pairwise(places) if now[1] != before[1]]
    return changed if changed and changed[-1] == places[-1] else [*changed, places[-1]]


def _ends(scale: _Scale, found: BurnUp) -> list[str]:
    """A dot where the actual line ends, and what both lines end at, in the corner left free."""
    ends = [
        (frame["date_day"][-1], frame["value"][-1], words)
        for frame, words in ((found.actual, "now"), (found.expected, "expected"))
        if frame.height
    ]
    parts = []
    if found.actual.height:
        dot = f'cx="{scale.x(ends[0][0])}" cy="{scale.y(ends[0][1])}" r="2.6"'
        parts.append(f'<circle {dot} fill="{LIGHT.focus}"/>')
    middle = (_TOP + HEIGHT - _BOTTOM) / 2
    lines_are_high = all(scale.y(value) < middle for _, value, _ in ends)
    first = HEIGHT - _BOTTOM - 6 - 10 * (len(ends) - 1) if lines_are_high else _TOP + 22
    for place, (_, value, words) in enumerate(ends):
        text = f"{numbers.short(value)} {words}"
        parts.append(_text(WIDTH - _RIGHT, first + 10 * place, text, LIGHT.focus, "end"))
    return parts
