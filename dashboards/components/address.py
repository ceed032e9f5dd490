"""The address bar as the state of a page: every filter is in it, and it restores every filter.

Streamlit's own `bind="query-params"` puts the *label* of an option into the address, which then
changes with the wording; here it is the code. Values that a page does not know are dropped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

_STATE = "_address"
# A rerun that left the browser before our last address arrived there carries an older one.
# Within this time that is no new address, but an old one still under way.
_IN_FLIGHT_SECONDS = 2.0
_REMEMBERED = 5

Parameters = dict[str, list[str]]


class Address:
    """The address of one run of one page."""

    def __init__(self, page: str) -> None:
        self._page = page
        self._shown: Parameters = {}
        self._pinned: Parameters = {}
        self.came_from_outside = self._is_new(st.session_state.get(_STATE))
        self._page_changed = st.session_state.get(_STATE, {}).get("page") != page

    def _is_new(self, last: dict[str, Any] | None) -> bool:
        if last is None or last["page"] != self._page:
            return True
        now = _current()
        if now == last["written"]:
            return False
        return now not in _under_way(last)

    def asked(self, name: str) -> list[str]:
        """What the address itself says, valid or not."""
        return st.query_params.get_all(name)

    def restore(
        self,
        name: str,
        parse: Callable[[Sequence[str]], Any],
        *,
        survives_navigation: bool = False,
    ) -> None:
        """Set a widget's state from the address, before the widget is drawn.

        `parse` turns the texts of the address into the widget's value, ignoring what it does not
        know; of no texts it makes the default.
        """
        asked = self.asked(name)
        keep = survives_navigation and self._page_changed and not asked
        if name not in st.session_state or (self.came_from_outside and not keep):
            st.session_state[name] = parse(asked)

    def show(self, name: str, values: Iterable[str]) -> None:
        """Put a filter into the address; no values leave it out."""
        if chosen := list(values):
            self._shown[name] = chosen

    def pin(self, name: str, value: str) -> None:
        """Put a default into the permanent link alone: what the default is may change."""
        self._pinned[name] = [value]

    def write(self) -> None:
        """Bring the browser's address up to date, without another run."""
        before = _current()
        last = st.session_state.get(_STATE)
        older = last["older"] if last and last["page"] == self._page else []
        if before != self._shown:
            st.query_params.from_dict(self._shown)
            older = [(before, time.monotonic()), *older][:_REMEMBERED]
        st.session_state[_STATE] = {"page": self._page, "written": self._shown, "older": older}

    def permanent(self, publication_id: str) -> str:
        """The full address that pins the publication and every filter."""
        pinned = {"asof": [publication_id], **self._pinned, **self._shown}
        return f"{st.context.url or ''}?{urlencode(pinned, doseq=True)}"


def _under_way(last: dict[str, Any]) -> list[Parameters]:
    now = time.monotonic()
    return [address for address, left_at in last["older"] if now - left_at < _IN_FLIGHT_SECONDS]


def _current() -> Parameters:
    return {name: st.query_params.get_all(name) for name in st.query_params}
