"""Filter widgets whose values live in the address.

A list whose filters have an unknown value (`say_unknown`) is not shown: without that filter it
would show more than was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboards.components.address import Address, Read, forget_unknown
from dashboards.components.markup import plain
from pipeline.sandbox.traces import names_an_mpan

DATE_FORMAT = "DD/MM/YYYY"
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
LONGEST_TEXT = 100
_LONGEST_QUOTED = 40


def choose_many(
    address: Address, name: str, label: str, options: Mapping[str, str], placeholder: str = "All"
) -> list[str]:
    """Several codes out of `options` (code to words). None chosen means all."""

    def read(asked: Sequence[str]) -> Read:
        codes = dict.fromkeys(asked)
        unknown = {code: not_a_value(code, label) for code in codes if code not in options}
        return Read([code for code in codes if code in options], unknown)

    address.restore(name, read)
    # Another publication may not know a code that was chosen before.
    address.put(name, read([*st.session_state[name], *address.unknown(name)]))
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
    address: Address,
    name: str,
    label: str,
    options: Mapping[str, str],
    placeholder: str,
    why_not: Callable[[str], str] | None = None,
) -> str | None:
    """One code out of `options`, or none; says itself what is unknown.

    `why_not` makes the sentence about a code that is no option.
    """

    def read(asked: Sequence[str]) -> Read:
        why = why_not or (lambda code: not_a_value(code, label))
        unknown = {code: why(code) for code in asked if code not in options}
        if len(asked) > 1:
            unknown |= {code: _takes_one(code, label) for code in asked[1:] if code in options}
        return Read(asked[0] if asked and not unknown else None, unknown)

    address.restore(name, read)
    chosen = st.session_state[name]
    address.put(name, read([*([chosen] if chosen else []), *address.unknown(name)]))
    chosen = st.selectbox(
        label,
        list(options),
        format_func=lambda code: options.get(code, code),
        key=name,
        index=None,
        placeholder=placeholder,
    )
    address.show(name, [chosen] if chosen else [])
    say_unknown(address, [name], "Nothing is shown here.")
    return chosen


def choose_day(address: Address, name: str, label: str) -> date | None:
    """One day, or none."""

    def read(asked: Sequence[str]) -> Read:
        if len(asked) > 1:
            return Read(None, {text: _takes_one(text, label) for text in asked[1:]})
        try:
            day = date.fromisoformat(asked[0]) if asked else None
        except ValueError:
            day = date.min
        if day and not FIRST_DAY <= day <= LAST_DAY:
            return Read(None, {asked[0]: _not_a_day(asked[0], label)})
        return Read(day)

    address.restore(name, read)
    chosen = st.date_input(
        label,
        value=None,
        key=name,
        format=DATE_FORMAT,
        min_value=FIRST_DAY,
        max_value=LAST_DAY,
    )
    day = chosen if isinstance(chosen, date) else None
    address.show(name, [day.isoformat()] if day else [])
    return day


def choose_yes(address: Address, name: str, label: str, help: str | None = None) -> bool:
    """Yes or no; no is the default."""

    def read(asked: Sequence[str]) -> Read:
        said = [text.lower() for text in asked]
        if said in ([], ["true"], ["false"]):
            return Read(said == ["true"])
        return Read(False, {text: _not_yes_or_no(text, label) for text in asked})

    address.restore(name, read)
    chosen = st.checkbox(label, key=name, help=help)
    address.show(name, ["true"] if chosen else [])
    return chosen


def search_text(
    address: Address, name: str, label: str, placeholder: str, *, is_an_id: bool = False
) -> str:
    """Free text, searched without regard to case; an MPAN in it stays out of the address."""

    def read(asked: Sequence[str]) -> Read:
        unknown = {text: _takes_one(text, label) for text in asked[1:]}
        unknown |= {text: _too_long(text, label) for text in asked if len(text) > LONGEST_TEXT}
        return Read(asked[0] if asked and not unknown else "", unknown)

    address.restore(name, read)
    text = st.text_input(
        label, key=name, placeholder=placeholder, max_chars=LONGEST_TEXT, type="search"
    )
    text = (text or "").strip()
    address.show(name, [text] if text and (is_an_id or not names_an_mpan(text)) else [])
    return text


def page_number(address: Address, name: str, pages: int, of: object) -> int | None:
    """The page of a long list; None when the address names one that the list does not have.

    1 is the default, and again when the list `of` is another.
    """

    def read(asked: Sequence[str]) -> Read:
        if asked and asked[0] not in {str(page) for page in range(1, pages + 1)}:
            return Read(1, {asked[0]: _not_a_page(asked[0], pages)})
        unknown = {text: _takes_one(text, "page") for text in asked[1:]}
        return Read(int(asked[0]) if asked and not unknown else 1, unknown)

    address.restore(name, read)
    seen = f"_{name}_of"
    if st.session_state.setdefault(seen, of) != of:
        st.session_state[seen] = of
        if not address.came_from_outside:
            address.put(name, Read(1))
    if say_unknown(address, [name]):
        address.show(name, [])
        return None
    st.session_state[name] = min(st.session_state[name], pages)
    if pages <= 1:
        return 1
    chosen = st.pagination(pages, key=name)
    address.show(name, [str(chosen)] if chosen > 1 else [])
    return chosen


def say_unknown(
    address: Address, names: Iterable[str], outcome: str = "Nothing is listed."
) -> bool:
    """Say which values of these parameters are unknown, and offer to clear them."""
    names = list(names)
    found = address.unknown(*names)
    if not found:
        return False
    st.warning(f"**{outcome}** {' '.join(found.values())}", icon=":material/filter_alt_off:")
    st.button(
        f"Clear {'this value' if len(found) == 1 else 'these values'}",
        key=f"_clear_unknown_{names[0]}",
        on_click=forget_unknown,
        args=(names,),
    )
    return True


def clear_button(address: Address, empty: Mapping[str, Any], key: str | None = None) -> None:
    """The button that clears every filter of a list; `empty` has the widgets' empty values."""
    st.button(
        "Clear filters",
        key=key,
        on_click=clear,
        args=(empty,),
        disabled=not address.shows(empty) and not any(map(st.session_state.get, empty)),
    )


def clear(empty: Mapping[str, Any]) -> None:
    """Give these widgets their empty values: for a button's callback."""
    forget_unknown(empty)
    for name, value in empty.items():
        st.session_state[name] = value


def names_have(text: str) -> pl.Expr:
    """Whether the name or MPID of a party holds the text, given in lower case."""
    name = pl.concat_str("participant_name", "mpid", separator=" ", ignore_nulls=True)
    return name.str.to_lowercase().str.contains(text, literal=True)


def quoted(text: str) -> str:
    """A text from the address, as part of a sentence in Markdown."""
    short = text if len(text) <= _LONGEST_QUOTED else f"{text[:_LONGEST_QUOTED]}…"
    return f"“{plain(' '.join(short.split()))}”"


def not_a_value(text: str, label: str) -> str:
    """The sentence about a code that no option has."""
    return f"{quoted(text)} is not a value of the filter {label} in this publication."


def _not_a_day(text: str, label: str) -> str:
    return (
        f"{quoted(text)} is not a day that the filter {label} can read. A day is written as "
        f"{FIRST_DAY:%Y-%m-%d}, from {FIRST_DAY.year} to {LAST_DAY.year}."
    )


def _not_yes_or_no(text: str, label: str) -> str:
    return f"{quoted(text)} is not a value of the filter {label}, which is true or false."


def _not_a_page(text: str, pages: int) -> str:
    has = "1 page" if pages == 1 else f"{pages:,} pages"
    return f"{quoted(text)} is not a page of this list, which has {has}."


def _too_long(text: str, label: str) -> str:
    return f"{quoted(text)} is longer than the {LONGEST_TEXT} characters that {label} takes."


def _takes_one(text: str, label: str) -> str:
    return f"The address also has {quoted(text)}, but {label} takes one value."
