"""Filter widgets whose values live in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboards.components.address import Address
from pipeline.sandbox.traces import names_an_mpan

DATE_FORMAT = "DD/MM/YYYY"


def choose_many(
    address: Address, name: str, label: str, options: Mapping[str, str], placeholder: str = "All"
) -> list[str]:
    """Several codes out of `options` (code to words). None chosen means all."""

    def parse(asked: Sequence[str]) -> list[str]:
        return [code for code in dict.fromkeys(asked) if code in options]

    address.restore(name, parse)
    # Another publication may not know a code that was chosen before.
    st.session_state[name] = parse(st.session_state[name])
    chosen = st.multiselect(
        label,
        list(options),
        format_func=lambda code: options.get(code, code),
        key=name,
        placeholder=placeholder,
    )
    address.show(name, chosen)
    return chosen


def choose_one(
    address: Address, name: str, label: str, options: Mapping[str, str], placeholder: str
) -> str | None:
    """One code out of `options`, or none."""

    def parse(asked: Sequence[str]) -> str | None:
        return asked[0] if asked and asked[0] in options else None

    address.restore(name, parse)
    if st.session_state[name] not in options:
        st.session_state[name] = None
    chosen = st.selectbox(
        label,
        list(options),
        format_func=lambda code: options.get(code, code),
        key=name,
        index=None,
        placeholder=placeholder,
    )
    address.show(name, [chosen] if chosen else [])
    return chosen


def choose_day(address: Address, name: str, label: str) -> date | None:
    """One day, or none."""

    def parse(asked: Sequence[str]) -> date | None:
        try:
            return date.fromisoformat(asked[0]) if asked else None
        except ValueError:
            return None

    address.restore(name, parse)
    chosen = st.date_input(
        label,
        value=None,
        key=name,
        format=DATE_FORMAT,
        min_value=date(2000, 1, 1),
        max_value=date(2099, 12, 31),
    )
    day = chosen if isinstance(chosen, date) else None
    address.show(name, [day.isoformat()] if day else [])
    return day


def choose_yes(address: Address, name: str, label: str, help: str | None = None) -> bool:
    """Yes or no; no is the default."""
    address.restore(name, lambda asked: [text.lower() for text in asked] == ["true"])
    chosen = st.checkbox(label, key=name, help=help)
    address.show(name, ["true"] if chosen else [])
    return chosen


def search_text(
    address: Address, name: str, label: str, placeholder: str, *, is_an_id: bool = False
) -> str:
    """Free text, searched without regard to case; an MPAN in it stays out of the address."""
    address.restore(name, lambda asked: asked[0][:100] if asked else "")
    text = st.text_input(label, key=name, placeholder=placeholder, max_chars=100, type="search")
    text = (text or "").strip()
    address.show(name, [text] if text and (is_an_id or not names_an_mpan(text)) else [])
    return text


def page_number(address: Address, name: str, pages: int, of: object) -> int:
    """The page of a long list; 1 is the default, and again when the list `of` is another."""

    def parse(asked: Sequence[str]) -> int:
        try:
            return max(int(asked[0]), 1) if asked else 1
        except ValueError:
            return 1

    address.restore(name, parse)
    seen = f"_{name}_of"
    if st.session_state.setdefault(seen, of) != of:
        st.session_state[seen] = of
        if not address.came_from_outside:
            st.session_state[name] = 1
    st.session_state[name] = min(st.session_state[name], pages)
    if pages <= 1:
        return 1
    chosen = st.pagination(pages, key=name)
    address.show(name, [str(chosen)] if chosen > 1 else [])
    return chosen


def clear(empty: Mapping[str, Any]) -> None:
    """Give these widgets their empty values: for a button's callback."""
    for name, value in empty.items():
        st.session_state[name] = value


def names_have(text: str) -> pl.Expr:
    """Whether the name or MPID of a party holds the text, given in lower case."""
    name = pl.concat_str("participant_name", "mpid", separator=" ", ignore_nulls=True)
    return name.str.to_lowercase().str.contains(text, literal=True)
