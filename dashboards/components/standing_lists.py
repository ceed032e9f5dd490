"""The standing lists: what the daily run made of this publication before anybody asked."""

from __future__ import annotations

import streamlit as st

from dashboards import exporting, links
from dashboards.auth import current_user
from dashboards.components import numbers
from dashboards.components.download import FORMATS
from dashboards.components.frame import Frame

TITLES = {
    "open-breaches": "Open breaches",
    "new": "New since the as-of day before",
    "all": "Every exception",
}
_RENEW_SECONDS = links.LIFETIME_SECONDS - 60


def standing_lists(frame: Frame) -> None:
    """Nothing where the reader may not download, or where no daily run made lists."""
    if not current_user().may("compliance"):
        return
    files = exporting.standing(frame.view)
    if not files:
        return
    with st.expander(f"Standing lists of {numbers.day(frame.view.as_of)}", icon=":material/inbox:"):
        _files(files)


@st.fragment(run_every=_RENEW_SECONDS)
def _files(files: list[exporting.StandingFile]) -> None:
    """The links are renewed before they can expire."""
    reader = current_user().key
    st.html(
        '<p class="mhhs-sub">Made by the daily run of this as-of day, the same for everybody; each '
        "with its manifest</p>"
    )
    for name, title in TITLES.items():
        of_list = [each for each in files if each.name == name]
        if not of_list:
            continue
        rows = int(of_list[0].manifest["rows"])
        st.markdown(f"**{title}**: {numbers.whole(rows)} row{'' if rows == 1 else 's'}")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            for each in of_list:
                words = FORMATS[each.manifest["format"]]
                st.link_button(
                    f"{words}, {numbers.file_size(int(each.manifest['bytes']))}",
                    links.link(each.path, reader),
                    icon=":material/download:",
                    help=f"sha256 {each.manifest['sha256']}",
                )
                st.link_button(
                    f"Manifest of the {words}",
                    links.link(f"{each.path}.manifest.json", reader),
                    icon=":material/fact_check:",
                )
