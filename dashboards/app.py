"""The frame and the list of pages. Start it through `python -m pipeline dashboard`."""

from __future__ import annotations

import streamlit as st

from dashboards import failures
from dashboards.auth import Forbidden, User, current_user
from dashboards.components import frame, gate
from dashboards.registry import PAGES, entry
from dashboards.shell import ICON_FILE, title_of


def main() -> None:
    """Draw the frame, the page inside it, then what needs to know the page's filters."""
    # Before the menu: an icon of a page would be fetched from another site to be the tab's.
    st.set_page_config(page_icon=ICON_FILE, layout="wide")
    user = current_user()
    page = st.navigation(_menu(user), position="top" if user.roles else "hidden")
    asked = entry(page.url_path)
    st.set_page_config(page_title=title_of(asked.title))
    failure: Exception | None = None
    if gate.lets_in(user, asked):
        opened = frame.open_frame(asked.name)
        if opened is not None:
            try:
                page.run()
            except Forbidden as refusal:
                gate.forbidden(asked.title, refusal.role)
            except Exception as error:
                failures.show(error)
                failure = error
            frame.close_frame(opened)
    gate.say_who_reads(user)
    if failure:
        raise failures.Shown from failure


def _menu(user: User) -> dict[str, list[st.Page]]:
    # The folder is `views`: beside a folder named `pages` Streamlit's first run of a server skips
    # st.navigation and shows a page without its frame.
    menu: dict[str, list[st.Page]] = {}
    for each in PAGES:
        page = st.Page(
            f"views/{each.name}.py",
            title=each.title,
            icon=each.icon,
            default=each is PAGES[0],
            # Hidden from the menu alone: whoever has the address is told what to do.
            visibility="visible" if each.is_open_to(user) else "hidden",
        )
        menu.setdefault(each.section, []).append(page)
    return menu


main()
