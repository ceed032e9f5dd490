"""The download panel: choose a format, ask for the whole list, wait for the worker, take it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from dashboards import exporting, links
from dashboards.auth import current_user
from dashboards.components import gate, numbers
from dashboards.components.frame import Frame
from dashboards.components.markup import escape
from pipeline.export import Filters
from pipeline.workbook import MOST_ROWS

FORMATS = {"csv": "CSV", "xlsx": "XLSX", "parquet": "Parquet"}
_FOR = {
    "csv": "CSV: text, for any program; open it in a spreadsheet with identifiers as text",
    "xlsx": "XLSX: a workbook whose first sheet says what it is; identifiers stay whole",
    "parquet": "Parquet: typed columns, small, for DuckDB, Polars, pandas and Power BI",
}
_POLL_SECONDS = 0.5
# The link on the page is renewed before the one that it shows can expire.
_RENEW_SECONDS = links.LIFETIME_SECONDS - 60
# From here on a workbook takes a while to make, and spreadsheets open it slowly.
SLOW_ROWS = 250_000
_WORKBOOK_ROWS_A_SECOND = 25_000


def download_panel(frame: Frame, list_name: str, filters: Filters, rows: int) -> None:
    """Everything between the wish for a file and the link to it, for exactly these filters."""
    user = current_user()
    if not user.may("compliance"):
        gate.forbidden("Downloading", "compliance")
        return
    chosen = st.segmented_control(
        "Format of the file",
        list(FORMATS),
        format_func=FORMATS.__getitem__,
        default="csv",
        required=True,
        key=f"format_{list_name}",
        help=". ".join(_FOR.values()) + ".",
    )
    asked = exporting.order(frame.view, list_name, filters, chosen)
    is_too_long = chosen == "xlsx" and rows > MOST_ROWS
    is_running = exporting.is_running(asked)
    manifest = None if is_running else exporting.finished(asked)
    if is_running:
        _wait(asked, rows)
    elif manifest:
        _offer(asked, manifest, user.key)
    elif not is_too_long:
        _prepare(asked, rows)
    if manifest:
        show_sha256(manifest)
    elif is_too_long:
        st.warning(
            f"An Excel sheet holds {MOST_ROWS:,} rows; these are {rows:,}, and none is left out "
            "silently. Take CSV or Parquet, or narrow the list.",
            icon=":material/table_rows:",
        )
    elif chosen == "xlsx" and rows > SLOW_ROWS:
        seconds = round(rows / _WORKBOOK_ROWS_A_SECOND, -1)
        st.warning(
            f"A workbook of {rows:,} rows takes about {seconds:.0f} seconds to make, and a "
            "spreadsheet takes minutes to open it. CSV and Parquet take seconds.",
            icon=":material/hourglass:",
        )
    if reason := exporting.failure(asked):
        st.error(f"The file could not be made: {reason}", icon=":material/error:")


def show_sha256(manifest: Mapping[str, object]) -> None:
    """The hash of a file that is ready."""
    st.html(f'<p class="mhhs-sub">sha256 <code>{escape(str(manifest["sha256"]))}</code></p>')


def _prepare(asked: exporting.Order, rows: int) -> None:
    st.button(
        f"Prepare {FORMATS[asked.format]} of {rows:,} row{'' if rows == 1 else 's'}",
        key=f"prepare_{asked.list_name}",
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
    st.button(
        exporting.in_progress(asked, f"{FORMATS[asked.format]} of {rows:,} rows"),
        key=f"preparing_{asked.list_name}",
        disabled=True,
        icon="spinner",
    )


@st.fragment(run_every=_RENEW_SECONDS)
def _offer(asked: exporting.Order, manifest: dict[str, object], reader: str) -> None:
    file = exporting.relative_file(asked, manifest)
    rows, size = int(str(manifest["rows"])), int(str(manifest["bytes"]))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.link_button(
            f"Download {FORMATS[asked.format]}: {rows:,} row{'' if rows == 1 else 's'}, "
            f"{numbers.file_size(size)}",
            links.link(file, reader),
            type="primary",
            icon=":material/download:",
        )
        st.link_button(
            "Manifest",
            links.link(f"{file}.manifest.json", reader),
            icon=":material/fact_check:",
            help="Rows, bytes, sha256, filters, publication and the wording of the rules.",
        )
