"""The schema beside the editor: tables that open to their columns, with dbt's descriptions."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboards.components.markup import escape
from dashboards.data.sql import Table
from pipeline import mart_columns
from pipeline.sandbox import masking

_KINDS = {"dim": "Things", "fct": "Events and intervals", "rpt": "Reports"}
_MASKS = {
    "hashed": "hashed for you",
    "hashed_unless_party": "hashed for you",
    "searched": "long numbers withheld",
    "withheld": "withheld from you",
}


def schema_browser(tables: Sequence[Table], is_masked: bool) -> None:
    """A search box over every table and column, and what it finds."""
    words = st.text_input(
        "Find a table or column",
        key="sql_schema_search",
        placeholder="For example mpan or qualified",
        type="search",
    )
    found = _found(tables, (words or "").lower().split())
    with st.container(height=330, key="sql_schema"):
        if not found:
            st.markdown("No table or column is called that.")
            return
        parts = []
        for kind, title in _KINDS.items():
            of_kind = [each for each in found if each[0].name.startswith(f"{kind}_")]
            if of_kind:
                parts.append(f'<p class="mhhs-schema-kind">{title}</p>')
                parts += [_table(*each, is_masked) for each in of_kind]
        st.html(f'<div class="mhhs-schema">{"".join(parts)}</div>')


def _found(tables: Sequence[Table], words: list[str]) -> list[tuple[Table, bool]]:
    """Tables of which every word is in a name or a description; whether only a column matched."""
    found = []
    for table in tables:
        name = f"{table.name} {table.description}".lower()
        columns = " ".join(f"{column} {text}" for column, _, text in table.columns).lower()
        if all(word in name or word in columns for word in words):
            found.append((table, bool(words) and not all(word in name for word in words)))
    return found


def _table(table: Table, is_open: bool, is_masked: bool) -> str:
    said = mart_columns.personal().get(table.name, {})
    rows = "".join(
        _column(*column, masking.treatment(said.get(column[0]), column[1].upper()))
        if is_masked
        else _column(*column, "plain")
        for column in table.columns
    )
    return (
        f"<details{' open' if is_open else ''}><summary><code>{escape(table.name)}</code></summary>"
        f'<p class="mhhs-sub">{escape(table.description)}</p><dl>{rows}</dl></details>'
    )


def _column(name: str, data_type: str, description: str, treatment: masking.Treatment) -> str:
    hint = f" <em>{_MASKS[treatment]}</em>" if treatment in ("hashed", "withheld") else ""
    if treatment == "hashed_unless_party":
        hint = f" <em>{_MASKS[treatment]}, save for parties</em>"
    return (
        f"<dt><code>{escape(name)}</code> <span>{escape(data_type)}</span>{hint}</dt>"
        f"<dd>{escape(description)}</dd>"
    )
