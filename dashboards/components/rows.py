"""Where a row of a table leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from dashboards.components.frame import Frame

Target = tuple[str, Mapping[str, Sequence[str]]]


def follow(frame: Frame, event: Any, targets: Sequence[Target]) -> None:
    """Go to the page of the selected row, if there is one; `targets` are page and filters by row.

    A table cannot do this in a callback: Streamlit changes pages in the run itself alone.
    """
    chosen = event["selection"]["rows"]
    if chosen and chosen[0] < len(targets):
        page, filters = targets[chosen[0]]
        st.switch_page(f"views/{page}.py", query_params=frame.link_parameters(filters))


def chooser(table: str, name: str, codes: Sequence[str]) -> Callable[[], None]:
    """What a click on a row does: choose its code in the widget `name` of the same page."""

    def choose() -> None:
        chosen = st.session_state[table]["selection"]["rows"]
        st.session_state[name] = codes[chosen[0]] if chosen else None

    return choose
