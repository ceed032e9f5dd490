"""The address bar as the state of a page: every filter is in it, and it restores every filter.

Streamlit's own `bind="query-params"` puts the *label* of an option into the address, which then
changes with the wording; here it is the code. A value that a page cannot use stays in the address
until the reader clears it, and the page says so: it must not show more than was asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pipeline.sandbox.traces import names_an_mpan

_STATE = "_address"
_UNKNOWN = "_address_unknown"
_UNUSED = "_address_unused"
# A rerun that left the browser before our last address arrived there carries an older one.
# Within this time that is no new address, but an old one still under way.
_IN_FLIGHT_SECONDS = 2.0
_REMEMBERED = 5

Parameters = dict[str, list[str]]


@dataclass(frozen=True)
class Read:
    """What a page reads in the texts of a parameter.

    `value` is the widget's; `unknown` has the texts of which no value can be made, and why.
    """

    value: Any
    unknown: Mapping[str, str] = field(default_factory=dict)


class Address:
    """The address of one run of one page."""

    def __init__(self, page: str) -> None:
        self._page = page
        self._shown: Parameters = {}
        self._pinned: Parameters = {}
        self._known: set[str] = set()
        self._before = _current()
        self._is_history = _is_history()
        last = st.session_state.get(_STATE)
        self._page_changed = last is None or last["page"] != page
        self.came_from_outside = self._is_history or self._is_new(last)
        if self.came_from_outside:
            st.session_state[_UNKNOWN] = {}

    def _is_new(self, last: dict[str, Any] | None) -> bool:
        if last is None or last["page"] != self._page:
            return True
        return self._before != last["written"] and self._before not in _under_way(last)

    def asked(self, name: str) -> list[str]:
        """What the address itself says, valid or not; a blank value says nothing."""
        self._known.add(name)
        return [text for text in st.query_params.get_all(name) if text]

    def restore(
        self,
        name: str,
        read: Callable[[Sequence[str]], Read],
        *,
        survives_navigation: bool = False,
    ) -> None:
        """Set a widget's state from the address, before the widget is drawn.

        Of no texts `read` makes the default.
        """
        asked = self.asked(name)
        # Back and Forward lead to what was shown there: no publication means the current one.
        keep = survives_navigation and self._page_changed and not self._is_history and not asked
        if name not in st.session_state or (self.came_from_outside and not keep):
            self.put(name, read(asked))

    def put(self, name: str, found: Read) -> None:
        """Give a widget its value, and remember what is unknown until the reader changes it."""
        st.session_state[name] = found.value
        unknown = st.session_state[_UNKNOWN]
        unknown.pop(name, None)
        if found.unknown:
            unknown[name] = found

    def unknown(self, *names: str) -> dict[str, str]:
        """The texts of these parameters that no widget can show, and why."""
        return {
            text: why
            for name in names
            if (found := st.session_state[_UNKNOWN].get(name))
            and st.session_state.get(name) == found.value
            for text, why in found.unknown.items()
        }

    def unused(self) -> list[str]:
        """The names in the address that nothing on the page asked for, until the reader goes on."""
        if self.came_from_outside:
            st.session_state[_UNUSED] = [name for name in self._before if name not in self._known]
        unused: list[str] = st.session_state[_UNUSED]
        return unused

    def show(self, name: str, values: Iterable[str]) -> None:
        """Put a filter into the address, what is unknown included; no values leave it out."""
        unknown = (text for text in self.unknown(name) if not names_an_mpan(text))
        if chosen := [*values, *unknown]:
            self._shown[name] = chosen

    def show_at_once(self, name: str, value: str) -> None:
        """Put a value into the browser's address before the page is drawn.

        A reader who goes on before that can come back to it.
        """
        if self._page_changed and not self.asked(name):
            st.query_params[name] = value

    def shows(self, names: Iterable[str]) -> bool:
        """Whether one of these is in the address so far."""
        return any(name in self._shown for name in names)

    def pin(self, name: str, value: str) -> None:
        """Put a default into the permanent link alone: what the default is may change."""
        self._pinned[name] = [value]

    def write(self) -> None:
        """Bring the browser's address up to date, without another run."""
        last = st.session_state.get(_STATE)
        older = last["older"] if last and last["page"] == self._page else []
        if self._before != self._shown:
            older = [(self._before, time.monotonic()), *older][:_REMEMBERED]
        if _current() != self._shown:
            st.query_params.from_dict(self._shown)
        st.session_state[_STATE] = {"page": self._page, "written": self._shown, "older": older}

    def permanent(self, publication_id: str) -> str:
        """The full address that pins the publication and every filter."""
        pinned = {"asof": [publication_id], **self._pinned, **self._shown}
        return f"{st.context.url or ''}?{urlencode(pinned, doseq=True)}"


def forget_unknown(names: Iterable[str]) -> None:
    """Drop the values of these parameters that no widget can show: for a button's callback."""
    for name in names:
        st.session_state.get(_UNKNOWN, {}).pop(name, None)


def _under_way(last: dict[str, Any]) -> list[Parameters]:
    now = time.monotonic()
    return [address for address, left_at in last["older"] if now - left_at < _IN_FLIGHT_SECONDS]


def _current() -> Parameters:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def _is_history() -> bool:
    """Whether the reader came by Back or Forward."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation
