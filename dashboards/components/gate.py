"""Signing in and out, and what a reader sees who may not read: each state says what to do."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from dashboards import audit, auth, data
from dashboards.access import settings
from dashboards.auth import Role, User, current_user
from dashboards.components import look, numbers
from dashboards.components.markup import escape, facts, plain
from dashboards.registry import PAGES, PageEntry
from dashboards.shell import PRODUCT

_NARROW = 620
_LONGEST_NAME = 32

GIVES: dict[Role, str] = {
    "leadership": "every page of aggregated figures",
    "analyst": "SQL over the marts",
    "compliance": "lists, MPANs and downloads",
    "admin": "the log of downloads",
}


def lets_in(user: User, page: PageEntry) -> bool:
    """Whether the page may be drawn; if not, what stands in its place is drawn."""
    if page.is_open_to(user):
        return True
    st.html(look.style_sheet(look.palette()))
    if not user.name:
        _sign_in(user.state == "ended", page)
        return False
    account(user)
    if user.roles:
        st.title(page.title, anchor=False)
        forbidden(f"The page {page.title}", *page.needs)
        st.page_link(
            f"views/{PAGES[0].name}.py",
            label=f"Go to {PAGES[0].title}",
            icon=":material/arrow_forward:",
            width="stretch",
        )
    else:
        _no_role(user)
    return False


def _sign_in(has_ended: bool, page: PageEntry) -> None:
    with st.container(width=_NARROW):
        st.title(PRODUCT, anchor=False)
        _text(
            "Who holds, gained, migrated or serves Metering Points without being MHHS Qualified, "
            "since when, and why.",
            "mhhs-lead",
        )
        if has_ended:
            st.info(
                "Your session has ended. Sign in again to go on where you were.",
                icon=":material/schedule:",
            )
        elif st.query_params.get("sign_in") == "failed":
            st.error(
                "The sign-in did not succeed. Try again; if it fails again, ask for help.",
                icon=":material/error:",
            )
        st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)
        _text(
            f"With your organisation's account. You come to the page <b>{escape(page.title)}</b> "
            "as this address asks for it, filters included."
        )
        _text(f"No access, or no success? {_sentence(whom_to_ask())}.")


def _no_role(user: User) -> None:
    with st.container(width=_NARROW):
        st.title("You have no role yet", anchor=False)
        st.warning(
            "You are signed in, but your account has none of the roles of this app, so it shows "
            "you nothing.",
            icon=":material/lock:",
        )
        _text(
            f"To get one, {whom_to_ask()}. Name your account, <b>{escape(user.name)}</b>, and what "
            "you need:"
        )
        st.markdown("\n".join(f"- **{role}**: {gives}" for role, gives in GIVES.items()))
        _text("Roles are read when you sign in: sign out and in again once you have one.")


def forbidden(what: str, *roles: Role) -> None:
    """In place of what the reader's roles do not allow; any one of these would do."""
    needed = " or ".join(f"**{role}** (which adds {GIVES[role]})" for role in roles)
    st.warning(
        f"{what} needs the role {needed}. Your roles: {current_user().roles_in_words()}.",
        icon=":material/lock:",
    )
    _text(
        f"To get it, {whom_to_ask()}. Roles are read when you sign in: sign out and in again once "
        "you have it."
    )


def account(user: User) -> None:
    """Who is signed in, until when, and the way out. Nothing for the local user."""
    if user.state != "signed in" or user.ends_at is None:
        return
    name = user.name if len(user.name) <= _LONGEST_NAME else f"{user.name[:_LONGEST_NAME]}…"
    with st.container(horizontal=True, horizontal_alignment="right", width="stretch"):
        with st.popover(plain(name), icon=":material/account_circle:"):
            st.html(
                facts(
                    [
                        ("Signed in as", escape(user.name)),
                        ("Roles", escape(user.roles_in_words())),
                        ("Session ends", escape(numbers.instant(user.ends_at))),
                    ]
                )
            )
            st.button("Sign out", icon=":material/logout:", key="sign_out", on_click=_sign_out)
        _draw_again_at(user.ends_at)


def _sign_out() -> None:
    """End the session here; the address that Streamlit goes to next only clears cookies.

    That address alone ends no session, so that no other site can sign a reader out.
    """
    user = current_user()
    if user.name:
        auth.sign_out(user)
        log = data.store.warehouse().audit_log
        audit.record(log, "sign_out", user.name, **user.identity())
    st.logout()


def _draw_again_at(end: datetime) -> None:
    """When the session ends, an open page goes without waiting for a click."""

    def leave_when_ended() -> None:
        if not current_user().name:
            st.rerun()

    seconds = max((end - datetime.now(UTC)).total_seconds(), 0) + 1
    st.fragment(leave_when_ended, run_every=seconds)()


def say_who_reads(user: User) -> None:
    """The last line of every page."""
    if user.state == "local":
        st.caption(
            "Local use: no sign-in provider is set up, so this app answers on this machine alone "
            "and its one reader has every role."
        )
    elif user.name:
        _text(f"Signed in as <b>{escape(user.name)}</b>, roles: {user.roles_in_words()}")
    else:
        _text("Not signed in")


def whom_to_ask() -> str:
    """ask mhhs@example.org: the end of a sentence, as markup."""
    access = settings()
    if access and access.contact:
        return f"ask <b>{escape(access.contact)}</b>"
    return "ask the administrator of this app"


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}"


def _text(markup: str, style: str = "mhhs-sub") -> None:
    """A paragraph. Markdown would make a pale link of an address."""
    st.html(f'<p class="{style}">{markup}</p>')
