"""What changed since the publication of the as-of day before, each item a link."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import data
from dashboards.components import numbers, words
from dashboards.components.frame import Backdrop
from dashboards.components.markup import plain
from dashboards.components.sentences import CHANGES, changes_title, not_compared
from dashboards.data import View
from dashboards.registry import has_page

MOST_SUPPLIERS = 12


def what_changed(frame: Backdrop, suppliers: pl.DataFrame, before: View | None) -> None:
    """Exceptions that changed by rule, then Suppliers that are Qualified now or no longer.

    `before` is the publication of the as-of day before, as far as it is kept.
    """
    register = data.exceptions.register(frame.view).filter(pl.max_horizontal(CHANGES) > 0)
    if reason := not_compared(frame.view, data.frame.has_previous(frame.view)):
        title, text = reason
        st.header(title, anchor=False)
        st.markdown(text)
        return
    st.header(changes_title(register), anchor=False)
    st.html('<p class="mhhs-sub">Since the publication of the as-of day before, by rule</p>')
    if register.is_empty():
        st.markdown("No exception changed.")
    for row in register.sort(pl.sum_horizontal(CHANGES), descending=True).to_dicts():
        listed = [name.upper() for name in CHANGES if row[name] and name != "resolved"]
        filters = {"rule_id": [row["rule_id"]], **({"change": listed} if listed else {})}
        change = ", ".join(f"{numbers.short(row[name])} {name}" for name in CHANGES if row[name])
        st.page_link(
            "views/exceptions.py",
            label=f"**{plain(change)}**: {plain(row['title'])} ({plain(row['rule_id'])})",
            width="stretch",
            query_params=frame.link_parameters(filters),
        )
    if before:
        _suppliers(frame, suppliers, before)
    if has_page("changes"):
        st.page_link(
            "views/changes.py",
            label="See what is real and what is a correction",
            icon=":material/arrow_forward:",
            icon_position="right",
            width="stretch",
            query_params=frame.link_parameters(),
        )


def _suppliers(frame: Backdrop, suppliers: pl.DataFrame, before: View) -> None:
    was = dict(data.suppliers.readiness(before).select("mpid", "is_qualified").iter_rows())
    turned = [
        row
        for row in suppliers.sort("mpid").to_dicts()
        if was.get(row["mpid"], row["is_qualified"]) != row["is_qualified"]
    ]
    gained = sum(row["is_qualified"] for row in turned)
    lost = len(turned) - gained
    title = f"{numbers.count_of(gained, 'Supplier')} became Qualified" + (
        f", {lost:,} ceased to be" if lost else ""
    )
    st.subheader(title, anchor=False)
    st.html(f'<p class="mhhs-sub">Since the publication as of {numbers.day(before.as_of)}</p>')
    for row in turned[:MOST_SUPPLIERS]:
        what = "Qualified" if row["is_qualified"] else "no longer Qualified"
        st.page_link(
            "views/supplier.py",
            label=f"**{plain(words.party(row['participant_name'], row['mpid']))}**: {what}",
            width="stretch",
            query_params=frame.link_parameters({"mpid": [row["mpid"]]}),
        )
    if len(turned) > MOST_SUPPLIERS:
        st.markdown(f"And {len(turned) - MOST_SUPPLIERS:,} more: see the Suppliers page.")
