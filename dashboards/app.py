"""The frame and the list of pages. Start it through `python -m pipeline dashboard`."""

from __future__ import annotations

import streamlit as st

from dashboards.components import frame

# The folder is `views`: beside a folder named `pages` Streamlit's first run of a server skips
# st.navigation and shows a page without its frame.
PAGES = {
    "overview": ("Overview", ":material/dashboard:"),
    "suppliers": ("Suppliers", ":material/groups:"),
    "exceptions": ("Exceptions", ":material/rule:"),
}


def main() -> None:
    """Draw the frame, the page inside it, then what needs to know the page's filters."""
    st.set_page_config(page_title="MHHS readiness", layout="wide")
    page = st.navigation(
        [
            st.Page(f"views/{name}.py", title=title, icon=icon, default=name == "overview")
            for name, (title, icon) in PAGES.items()
        ],
        position="top",
    )
    name = page.url_path or "overview"
    opened = frame.open_frame(name)
    if opened is None:
        return
    page.run()
    frame.close_frame(opened)
    st.caption(
        "Local use: no sign-in provider is set up, so this app answers on this machine alone and "
        "its one reader has every role."
    )


main()
