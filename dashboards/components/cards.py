"""Cards: one figure, what it means, and the way to the rows behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from dashboards.components.markup import escape


@dataclass(frozen=True)
class Card:
    """One figure. `link` is a page, the words of the link and its parameters."""

    label: str
    value: str
    note: str
    tone: Literal["", "good", "bad"] = ""
    link: tuple[str, str, Mapping[str, Any]] | None = None


def show_cards(cards: Sequence[Card], columns: int = 3) -> None:
    """Cards side by side where there is room, below each other where there is none."""
    grid = st.grid(columns, min_column_width=155, gap="small")
    for card in cards:
        with grid.container(border=True, height="stretch", gap="small"):
            st.html(
                f'<div class="mhhs-card"><p class="label">{escape(card.label)}</p>'
                f'<p class="value {card.tone}">{escape(card.value)}</p>'
                f'<p class="note">{escape(card.note)}</p></div>'
            )
            if card.link:
                page, words, parameters = card.link
                st.page_link(
                    f"views/{page}.py",
                    label=words,
                    icon=":material/arrow_forward:",
                    icon_position="right",
                    query_params=dict(parameters),
                    width="stretch",
                )
