"""Help: how to use the pages, what the roles are, keys, symbols, accessibility."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from dashboards.auth import ROLES, current_user
from dashboards.components import gate, words
from dashboards.components.frame import current
from dashboards.components.markup import badge, cell_table, escape

KEYS = (
    ("Tab, Shift + Tab", "To the next or the previous link, button, filter or table"),
    ("Enter or Space", "Press a button, open a menu or a list, follow a link"),
    ("Down, Up", "Move in an open list; type a few letters to narrow it"),
    ("Escape", "Close a list, a menu or an enlarged table"),
    ("Arrow keys in a table", "Move from cell to cell; Enter opens a cell that is cut off"),
    ("Ctrl + F in a table", "Search in the rows that the table shows"),
    ("Tab on a fresh page", "The first stop skips the menu"),
)
SYMBOLS = (
    ("[x]", "Not available: the value ought to be there and no file gave it"),
    ("[z]", "Not applicable: there can be no value"),
    ("[c]", "Confidential: your roles do not show it"),
    ("low", "More than nothing, but it rounds to zero"),
    ("0", "Nothing, counted"),
)
USE = (
    "**Read the strip first.** It says which day the figures describe, when they were built, "
    "whether every test passed, and how old the newest registration file is. Amber means: check "
    "before you quote.",
    "**Choose the publication** above it. A publication never changes; an earlier one shows what "
    "was known then.",
    "**Follow a figure.** The link below it leads to the rows that it counts, filters included.",
    "**Select a row** of a table to see what lies behind it.",
    "**Share a page** with *Copy permanent link*: it holds the publication and every filter. Who "
    "opens it must sign in and needs the role of the page.",
    "**Take a list** with *Prepare*, then *Download*: every row that the filters select, never a "
    "part. The link is yours alone and lasts five minutes; the page makes a new one.",
)
LIMITS = (
    "Long tables are drawn on a canvas. Screen readers get rows and cells from a hidden table, and "
    "what a chart shows stands in the table below it.",
    "Charts zoom and show values on pointing; the same numbers are in their table, so nothing "
    "needs a pointer.",
    "Wide tables scroll sideways within their own frame on a phone or at 400 % zoom; nothing else "
    "does.",
    "The browser's own print cuts wide charts: use the image of the chart.",
    "Tested by machine (axe, keyboard, contrast) in Chromium; not yet by people who use screen "
    "readers, and not in Firefox or Safari.",
)


def render() -> None:
    """The whole page."""
    current()
    st.title("Help", anchor=False)
    st.html(
        '<p class="mhhs-lead">How to read these pages, what your roles allow, and how to use them '
        "without a mouse.</p>"
    )
    st.header("How to use", anchor=False)
    st.markdown("\n".join(f"1. {line}" for line in USE))
    st.header("Roles", anchor=False)
    _roles()
    st.header("Keyboard", anchor=False)
    _table("Keys", ["Key", "What it does"], KEYS)
    st.header("Symbols", anchor=False)
    _table("Symbols", ["Symbol", "Meaning"], SYMBOLS)
    st.markdown("A status is always a word and a shape as well as a colour:")
    labels = (*words.READINESS.values(), *words.SEVERITY.values())
    shapes = "".join(f"<li>{badge(label)}</li>" for label in dict.fromkeys(labels))
    st.html(f'<ul class="mhhs-key">{shapes}</ul>')
    st.header("Accessibility", anchor=False)
    st.markdown(
        "These pages are made to meet the Web Content Accessibility Guidelines 2.2 at level AA: by "
        "keyboard alone, in light and dark, from a phone to a wall screen, with text up to 400 %. "
        "Known limits:"
    )
    st.markdown("\n".join(f"- {line}" for line in LIMITS))
    st.html(
        f'<p class="mhhs-sub">If something keeps you from using a page, {gate.whom_to_ask()}.</p>'
    )


def _roles() -> None:
    user = current_user()
    rows = [
        (role.capitalize(), gate.GIVES[role], "Yes" if user.may(role) else "No") for role in ROLES
    ]
    _table("Roles", ["Role", "What it adds", "Yours"], rows)
    st.html(
        '<p class="mhhs-sub">Any one role opens every page of aggregated figures. Roles come from '
        "your organisation's account and are read when you sign in. For another role, "
        f"{gate.whom_to_ask()}.</p>"
    )


def _table(caption: str, headings: list[str], rows: Iterable[tuple[str, ...]]) -> None:
    """Cells of words, which wrap; those of figures do not."""
    cells = [[escape(text) for text in row] for row in rows]
    st.html(f'<div class="mhhs-words">{cell_table(caption, headings, cells)}</div>')


render()
