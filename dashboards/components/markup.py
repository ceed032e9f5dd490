"""Text made safe for where it is shown. Names come from files, so they are never trusted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape as _escape

import polars as pl

from dashboards.components.words import Label

__all__ = ["badge", "cell_table", "escape", "facts", "frame_table", "plain", "plot_text"]

_LONG = 16  # characters; what is shorter, such as a day, keeps its line on a phone
_TAG = re.compile(r"<[^>]*>")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:=])")


def escape(text: str) -> str:
    """Text as text in HTML."""
    return _escape(text)


def plot_text(text: str) -> str:
    """Text as text in Plotly, which reads tags but not every entity."""
    return _escape(text, quote=False)


def plain(text: str) -> str:
    """Text as text where Streamlit reads Markdown."""
    return _MARKDOWN.sub(r"\\\1", text)


def badge(label: Label) -> str:
    """A status as word, shape and colour."""
    return (
        f'<span class="mhhs-badge {label.tone}"><span aria-hidden="true">{label.shape}</span> '
        f"{escape(label.title)}</span>"
    )


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of short facts; the value is markup, the name is text."""
    inner = "".join(f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in pairs)
    return f'<dl class="mhhs-facts">{inner}</dl>'


def cell_table(
    caption: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: Sequence[int] = (),
) -> str:
    """A small table in real HTML. Cells are markup; `numbers` are positions aligned right."""

    def cell(tag: str, position: int, value: str, scope: str = "") -> str:
        kind = ""
        if position in numbers:
            kind = ' class="number"'
        elif any(len(_TAG.sub("", line)) > _LONG for line in value.split("<br>")):
            kind = ' class="long"'
        return f"<{tag}{kind}{scope}>{value}</{tag}>"

    head = "".join(
        cell("th", position, escape(heading), ' scope="col"')
        for position, heading in enumerate(headings)
    )
    body = "".join(
        "<tr>"
        + cell("th", 0, row[0], ' scope="row"')
        + "".join(cell("td", position, value) for position, value in enumerate(row[1:], start=1))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="mhhs-scroll" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f'<table class="mhhs" aria-label="{escape(caption)}">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def frame_table(caption: str, frame: pl.DataFrame) -> str:
    """`cell_table` of a frame whose columns already carry their headings and written values."""
    numbers = [position for position, kind in enumerate(frame.dtypes) if kind.is_numeric()]
    rows = (
        [f"{value:,}" if isinstance(value, int) else escape(str(value)) for value in row]
        for row in frame.rows()
    )
    return cell_table(caption, frame.columns, rows, numbers)
