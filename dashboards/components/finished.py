"""What a page shows of publications alone: drawn once, and shown again to whoever comes next.

Drawing a chart takes ten times as long as sending it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from dashboards.auth import current_user
from dashboards.components.frame import Backdrop

MOST_KEPT = 200  # the page of a Supplier takes 0.4 MB, the answers it was made of included


def show(backdrop: Backdrop, draw: Callable[..., None], *parts: Any) -> None:
    """`draw(backdrop, *parts)`, or what it drew before of this publication, in these colours.

    It must depend on nothing else, and draw no widget. Each part is a table, or a value whose
    `repr` says all of it. What was drawn for one set of roles is never shown to another.
    """
    view, colours = backdrop.view, backdrop.colours
    roles = sorted(current_user().roles)
    # Scripts of pages are all the module `__main__`: their file tells them apart.
    name = f"{draw.__code__.co_filename} {draw.__qualname__}"
    key = (name, view, colours, roles, [_in_full(part) for part in parts])
    drawn(repr(key), Backdrop(view, colours), draw, parts)


def _in_full(part: Any) -> Any:
    return part.write_json() if isinstance(part, pl.DataFrame) else part


@st.cache_resource(max_entries=MOST_KEPT, show_spinner=False)
def drawn(
    key: str, _backdrop: Backdrop, _draw: Callable[..., None], _parts: tuple[Any, ...]
) -> None:
    _draw(_backdrop, *_parts)
