"""Every row of an answer as a file: order it, wait for the worker, take it."""

from __future__ import annotations

import streamlit as st

from dashboards import data, exporting, links
from dashboards.auth import current_user
from dashboards.components import numbers
from dashboards.data import View
from dashboards.sql_export import SqlOrder

_FORMATS = {"csv": "CSV", "parquet": "Parquet"}
_POLL_SECONDS = 0.5
_RENEW_SECONDS = links.LIFETIME_SECONDS - 60


def sql_download(view: View, statement: str) -> None:
    """Buttons for each format, which become links when the files are there."""
    hashed = not data.sql.sees_mpans(current_user())
    orders = [SqlOrder(data.store.warehouse(), view, statement, each, hashed) for each in _FORMATS]
    if any(exporting.is_running(each) for each in orders):
        _waiting(orders)
    else:
        _files(orders)


@st.fragment(run_every=_POLL_SECONDS)
def _waiting(orders: list[SqlOrder]) -> None:
    if not any(exporting.is_running(each) for each in orders):
        st.rerun()
    _buttons(orders)


@st.fragment(run_every=_RENEW_SECONDS)
def _files(orders: list[SqlOrder]) -> None:
    """The links are renewed before they can expire."""
    if any(exporting.is_running(each) for each in orders):
        st.rerun()  # a click in here draws this part alone, which nobody would draw again
    _buttons(orders)
    for each in orders:
        if manifest := exporting.finished(each):
            st.caption(f"{_FORMATS[each.format]}: sha256 `{manifest['sha256']}`")
        if reason := exporting.failure(each):
            st.error(f"The file could not be made: {reason}", icon=":material/error:")


def _buttons(orders: list[SqlOrder]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for each in orders:
            _button(each)


def _button(asked: SqlOrder) -> None:
    words = _FORMATS[asked.format]
    if exporting.is_running(asked):
        label = exporting.in_progress(asked, words)
        st.button(label, key=f"sql_{asked.format}", disabled=True, icon="spinner")
    elif manifest := exporting.finished(asked):
        file, reader = exporting.relative_file(asked, manifest), current_user().key
        rows, size = int(manifest["rows"]), numbers.file_size(int(manifest["bytes"]))
        st.link_button(
            f"Download {words}: {rows:,} row{'' if rows == 1 else 's'}, {size}",
            links.link(file, reader, "analyst"),
            icon=":material/download:",
        )
        st.link_button(
            f"Manifest of the {words}",
            links.link(f"{file}.manifest.json", reader, "analyst"),
            icon=":material/fact_check:",
            help="Rows, bytes, sha256, publication and the query.",
        )
    else:
        st.button(
            f"Prepare {words} of every row",
            key=f"sql_{asked.format}",
            icon=":material/table_view:",
            on_click=_order,
            args=(asked,),
            help="The query runs again, for five minutes at most; the file takes every row.",
        )


def _order(asked: SqlOrder) -> None:
    question = data.sql.to_ask(asked.view, asked.statement)
    request = asked.request(current_user(), question)
    exporting.launch(asked, "dashboards.sql_export", request)
