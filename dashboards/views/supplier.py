"""Supplier: what is the state of this one?"""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import data
from dashboards.components import filters, finished, numbers, party_panel, supplier_panel, words
from dashboards.components.frame import Backdrop, Frame, current
from dashboards.components.markup import plain

ROLE = "SUP"


def render(frame: Frame) -> None:
    """The whole page."""
    heading = st.empty()
    suppliers = data.suppliers.readiness(frame.view)
    names = {
        row["mpid"]: words.party(row["participant_name"], row["mpid"])
        for row in suppliers.sort("participant_name", nulls_last=True).to_dicts()
    }
    mpid = filters.choose_one(
        frame.address,
        "mpid",
        "Supplier",
        names,
        "Choose a Supplier",
        why_not=lambda code: (
            f"No Supplier has MPID {filters.quoted(code)} on {numbers.day(frame.view.as_of)}."
        ),
    )
    heading.title(plain(names[mpid]) if mpid else "Supplier", anchor=False)
    if mpid is None:
        _none_chosen(frame, names)
        return
    finished.show(frame, _one, suppliers.row(by_predicate=pl.col("mpid") == mpid, named=True))
    _all_suppliers(frame)


def _none_chosen(frame: Frame, names: dict[str, str]) -> None:
    if not names:
        st.info(
            "This publication holds no Supplier. Check the loads: the participant and "
            "registration files may be missing or refused.",
            icon=":material/info:",
        )
    elif not frame.address.unknown("mpid"):
        st.info("Choose a Supplier to see its state.", icon=":material/person_search:")
    _all_suppliers(frame)


def _all_suppliers(frame: Frame) -> None:
    st.page_link(
        "views/suppliers.py",
        label="See every Supplier's readiness",
        icon=":material/arrow_forward:",
        icon_position="right",
        width="stretch",
        query_params=frame.link_parameters(),
    )


def _one(frame: Backdrop, row: dict[str, Any]) -> None:
    mpid = row["mpid"]
    m14 = data.frame.milestone_day(frame.view, "M14")
    sentence = supplier_panel.supplier_sentence(row, m14, frame.view.as_of)
    st.html(f'<p class="mhhs-lead">{sentence}</p>')
    supplier_panel.state(row, frame.view.as_of)
    left, right = st.columns([3, 2], gap="large")
    with left:
        party_panel.stages(frame, mpid, ROLE)
    with right:
        party_panel.approvals(frame, mpid, ROLE, row["missing_approvals"], list(words.SEGMENT))
        party_panel.exceptions(frame, mpid)
    left, right = st.columns(2, gap="large")
    with left:
        supplier_panel.points(frame, mpid)
        supplier_panel.gsp_groups(frame, mpid)
    with right:
        supplier_panel.flows(frame, mpid)


render(current())
