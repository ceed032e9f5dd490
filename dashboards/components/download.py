"""The download panel: ask for the whole list, wait for the worker, take the file."""

from __future__ import annotations

import streamlit as st

from dashboards import exporting, links
from dashboards.auth import current_user
from dashboards.components import gate, numbers
from dashboards.components.frame import Frame
from pipeline.export import Filters

_POLL_SECONDS = 0.5
# The link on the page is renewed before the one that it shows can expire.
_RENEW_SECONDS = links.LIFETIME_SECONDS - 60


def download_panel(frame: Frame, list_name: str, filters: Filters, rows: int) -> None:
    """Everything between the wish for a file and the link to it, for exactly these filters."""
    user = current_user()
    if not user.may("compliance"):
        gate.forbidden("Downloading", "compliance")
        return
    asked = exporting.order(frame.view, list_name, filters)
    if exporting.is_running(asked):
        _wait(asked, rows)
    elif manifest := exporting.finished(asked):
        _offer(asked, manifest, user.name)
    else:
        if reason := exporting.failure(asked):
            st.error(f"The file could not be made: {reason}", icon=":material/error:")
        st.button(
            f"Prepare CSV of {rows:,} row{'' if rows == 1 else 's'}",
            key="prepare_export",
            type="primary",
            icon=":material/table_view:",
            disabled=rows == 0,
            on_click=exporting.start,
            args=(asked,),
            help="Every row that the filters select, with a manifest beside it.",
        )


@st.fragment(run_every=_POLL_SECONDS)
def _wait(asked: exporting.Order, rows: int) -> None:
    if not exporting.is_running(asked):
        st.rerun()
    st.button(f"Preparing {rows:,} rows …", key="preparing_export", disabled=True, icon="spinner")


@st.fragment(run_every=_RENEW_SECONDS)
def _offer(asked: exporting.Order, manifest: dict[str, object], user: str) -> None:
    file = exporting.relative_file(asked, manifest)
    rows, size = int(str(manifest["rows"])), int(str(manifest["bytes"]))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.link_button(
            f"Download CSV: {rows:,} row{'' if rows == 1 else 's'}, {numbers.file_size(size)}",
            links.link(file, user),
            type="primary",
            icon=":material/download:",
        )
        st.link_button(
            "Manifest",
            links.link(f"{file}.manifest.json", user),
            icon=":material/fact_check:",
            help="Rows, bytes, sha256, filters, publication and the wording of the rules.",
        )
    st.caption(f"sha256 `{manifest['sha256']}`")
