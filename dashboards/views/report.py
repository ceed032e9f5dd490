"""Board report: the paper for the meeting, of the publication that the page shows."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import data, exporting, links
from dashboards.auth import current_user
from dashboards.components import numbers
from dashboards.components.download import show_sha256
from dashboards.components.frame import Frame, current
from dashboards.components.headline import headline_sentence
from dashboards.components.markup import cell_table, escape
from dashboards.report import ordering

_POLL_SECONDS = 0.5
# The link on the page is renewed before the one that it shows can expire.
_RENEW_SECONDS = links.LIFETIME_SECONDS - 60
PARTS = (
    ("Where we stand", "The headline in one sentence, six figures, both ways to M14, what changed"),
    ("Who holds Metering Points while not Qualified", "The ten largest holders"),
    ("Suppliers", "Every Supplier: status, what is missing, next step, expected date"),
    ("Breaches and other findings", "By rule and severity: open, new, resolved, the oldest"),
    ("Method", "Terms, milestones, sources, checksums, every rule in words"),
    ("Annex", "The figures of the charts"),
)


def render(frame: Frame) -> None:
    """The whole page."""
    st.title("Board report", anchor=False)
    headline = data.overview.headline(frame.view)
    if headline is None or not headline["live_metering_points"]:
        st.info(
            "This publication holds no live Metering Points, so there is nothing to report. Check "
            "the loads: a registration file may be missing or refused.",
            icon=":material/info:",
        )
        return
    suppliers = data.suppliers.readiness(frame.view)
    holders = suppliers.filter(pl.col("points_not_qualified") > 0).height
    st.html(f'<p class="mhhs-lead">{headline_sentence(headline, holders)}</p>')
    st.markdown(
        "The paper for the meeting: A4, to print or to send. It is tagged for screen readers "
        "(PDF/UA), holds no MPAN, and every page names its publication, so a figure on it can be "
        "found again."
    )
    asked = ordering.ReportOrder(frame.view)
    if exporting.is_running(asked):
        _wait(asked)
    elif manifest := exporting.finished(asked):
        _offer(asked, manifest)
    else:
        _prepare(asked)
    st.header("What is in it", anchor=False)
    st.html(
        cell_table(
            "Parts of the report",
            ("Part", "What it says"),
            [[escape(part), f'<span class="wrap">{escape(says)}</span>'] for part, says in PARTS],
        )
    )
    st.header("The same from the command line", anchor=False)
    st.code(
        "python -m pipeline report --warehouse WAREHOUSE "
        f"--publication {frame.view.publication_id} --out report.pdf",
        language="bash",
        wrap_lines=True,
    )


def _prepare(asked: ordering.ReportOrder) -> None:
    if reason := exporting.failure(asked):
        st.error(f"The report could not be made: {reason}", icon=":material/error:")
    st.button(
        f"Prepare the report as of {numbers.day(asked.view.as_of)}",
        key="prepare_report",
        type="primary",
        icon=":material/picture_as_pdf:",
        on_click=ordering.start,
        args=(asked,),
    )


@st.fragment(run_every=_POLL_SECONDS)
def _wait(asked: ordering.ReportOrder) -> None:
    if not exporting.is_running(asked):
        st.rerun()
    label = exporting.in_progress(asked, "the report")
    st.button(label, key="preparing_report", disabled=True, icon="spinner")


@st.fragment(run_every=_RENEW_SECONDS)
def _offer(asked: ordering.ReportOrder, manifest: dict[str, object]) -> None:
    """The link is renewed before it can expire."""
    file, reader = exporting.relative_file(asked, manifest), current_user().key
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.link_button(
            f"Download PDF: {numbers.file_size(int(str(manifest['bytes'])))}",
            links.link(file, reader, None),
            type="primary",
            icon=":material/download:",
        )
        st.link_button(
            "Manifest",
            links.link(f"{file}.manifest.json", reader, None),
            icon=":material/fact_check:",
            help="Bytes, sha256 and publication.",
        )
    show_sha256(manifest)


render(current())
