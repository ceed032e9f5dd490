"""The download of a whole table, where there is an export of it."""

from __future__ import annotations

import streamlit as st

from dashboards import data
from dashboards.auth import current_user
from dashboards.components.download import download_panel
from dashboards.components.frame import Frame
from pipeline.export import LISTS, Filters


def offer_list(frame: Frame, name: str, filters: Filters) -> None:
    """The download panel of the list `name`, narrowed as the table on the page is.

    A filter that the export does not know (a search, say) leaves the file whole, and the page
    says so.
    """
    if not current_user().may("compliance"):
        st.caption("Downloading the list needs the role compliance.")
        return
    chosen = {key: list(values) for key, values in filters.items() if values}
    if unknown := [key for key in chosen if key not in LISTS[name].filters]:
        for key in unknown:
            del chosen[key]
        st.caption("The file does not follow every filter: it may hold more rows than the table.")
    download_panel(frame, name, chosen, data.lists.count(frame.view, name, chosen))
