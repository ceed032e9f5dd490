"""The frame and the list of pages. Start it through `python -m pipeline dashboard`."""

from __future__ import annotations

import streamlit as st

from dashboards.components import frame
from dashboards.registry import PAGES


def main() -> None:
    """Draw the frame, the page inside it, then what needs to know the page's filters."""
    st.set_page_config(page_title="MHHS readiness", layout="wide")
    page = st.navigation(_menu(), position="top")
    name = page.url_path or PAGES[0].name
    opened = frame.open_frame(name)
    if opened is None:
        return
    page.run()
    frame.close_frame(opened)
    st.caption(
        "Local use: no sign-in provider is set up, so this app answers on this machine alone and "
        "its one reader has every role."
    )


def _menu() -> dict[str, list[st.Page]]:
    # The folder is `views`: beside a folder named `pages` Streamlit's first run of a server skips
    # st.navigation and shows a page without its frame.
    menu: dict[str, list[st.Page]] = {}
    for entry in PAGES:
        page = st.Page(
            f"views/{entry.name}.py",
            title=entry.title,
            icon=entry.icon,
            default=entry is PAGES[0],
        )
        menu.setdefault(entry.section, []).append(page)
    return menu


main()
