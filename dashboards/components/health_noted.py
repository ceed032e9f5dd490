"""Values of accepted lines that were replaced by null."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import data
from dashboards.auth import current_user
from dashboards.components import filters, numbers, words
from dashboards.components.frame import Frame
from dashboards.components.list_download import offer_list
from dashboards.components.markup import frame_table


def noted(frame: Frame, lines: dict[str, int]) -> None:
    """Counts for all users, the values themselves for compliance."""
    counts = data.health.noted_counts(frame.view)
    if counts.is_empty():
        st.header("No value was replaced by null", anchor=False)
        st.markdown("Every attribute of every accepted line could be read.")
        return
    total = lines["noted"]
    st.header(
        f"{numbers.count_of(total, 'value')} of accepted lines "
        f"{'was' if total == 1 else 'were'} replaced by null",
        anchor=False,
    )
    st.html(
        '<p class="mhhs-sub">No rule depends on these columns, so a bad value does not hide its '
        "Metering Point: the line is accepted without it</p>"
        + frame_table(
            "Values replaced by null",
            counts.select(
                pl.col("column_name").alias("Column"),
                pl.col("reason").replace(words.QUARANTINE).alias("Reason"),
                pl.col("n_values").cast(pl.Int64).alias("Values"),
                pl.col("files").cast(pl.Int64).alias("Files"),
            ),
        )
        + '<p class="mhhs-sub">Source: <code>fct_noted_value</code></p>'
    )
    if not current_user().may("compliance"):
        st.info(
            "A value may hold an MPAN: to read or download the values needs the role compliance. "
            "Ask the administrator of this app for it.",
            icon=":material/lock:",
        )
        return
    pages = -(-total // data.health.ROWS_PER_PAGE)
    page = filters.page_number(frame.address, "noted_page", pages, of=None)
    if page is None:
        return
    rows = data.health.noted_values(frame.view, page)
    first = (page - 1) * data.health.ROWS_PER_PAGE + 1
    shown = f"Values {first:,} to {first + rows.height - 1:,} of {total:,}"
    st.dataframe(
        rows.select(
            pl.col("file").alias("File"),
            pl.col("line").alias("Line"),
            pl.col("column_name").alias("Column"),
            pl.col("reason").replace(words.QUARANTINE).alias("Reason"),
            pl.col("value").alias("Word for word"),
        ),
        key="noted_values",
        hide_index=True,
        height=min(38 + 35 * rows.height, 388),
        alt=f"{shown}, one row each, word for word.",
        column_config={
            "File": st.column_config.TextColumn(pinned=True, width=290),
            "Line": st.column_config.NumberColumn(format="%,d"),
            "Word for word": st.column_config.TextColumn(width=300),
        },
    )
    st.caption(f"{shown}.")
    offer_list(frame, "noted", {})
