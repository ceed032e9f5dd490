"""Signing in and out, and what a reader sees who may not read: each state says what to do."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from dashboards.access import settings
from dashboards.auth import Role, User, current_user
from dashboards.components import look, numbers
from dashboards.registry import PageEntry

GIVES: dict[Role, str] = {
    "leadership": "every page of aggregated figures",
    "analyst": "SQL over the marts",
    "compliance": "lists, MPANs and downloads",
    "admin": "the log of downloads",
}


def lets_in(user: User, page: PageEntry) -> bool:
    """Whether the page may be drawn; if not, what stands in its place is drawn."""
    if user.roles and page.is_open_to(user):
        return True
    st.html(look.style_sheet(look.palette()))
    if not user.name:
        _sign_in(user.state == "ended", page)
        return False
    with st.container(horizontal=True, horizontal_alignment="right"):
        account(user)
    if user.roles and page.role:
        st.title(page.title, anchor=False)
        forbidden(page.title, page.role)
    else:
        _no_role(user)
    return False


def _sign_in(has_ended: bool, page: PageEntry) -> None:
    st.title("MHHS readiness", anchor=False)
    if has_ended:
        st.info(
            "Your session has ended. Sign in again to go on where you were.",
            icon=":material/schedule:",
        )
    elif st.query_params.get("sign_in") == "failed":
        st.error(
            f"The sign-in did not succeed. Try again; if it fails again, {whom_to_ask()}.",
            icon=":material/error:",
        )
    st.markdown(
        "Who holds, gained, migrated or serves Metering Points without being MHHS Qualified, since "
        f"when, and why. Sign in to open **{page.title}**, with every filter of its address."
    )
    st.button("Sign in", type="primary", icon=":material/login:", on_click=st.login)
    st.markdown(f"You sign in with your organisation's account. For access, {whom_to_ask()}.")


def _no_role(user: User) -> None:
    st.title("You have no role yet", anchor=False)
    st.warning(
        "You are signed in, but none of the roles of this app belongs to your account, so it shows "
        "you nothing.",
        icon=":material/lock:",
    )
    st.markdown(f"To get one, {whom_to_ask()}. Name your account, {_code(user.name)}, and one of:")
    st.markdown("\n".join(f"- **{role}**: {gives}" for role, gives in GIVES.items()))
    st.markdown("Roles are read when you sign in: sign out and in again once you have one.")


def forbidden(what: str, role: Role) -> None:
    """In place of what the reader's roles do not allow."""
    user = current_user()
    st.warning(
        f"{what} needs the role **{role}**: {GIVES[role]}. Your roles: {user.roles_in_words()}.",
        icon=":material/lock:",
    )
    st.markdown(
        f"To get it, {whom_to_ask()}. Roles are read when you sign in: sign out and in again once you "
        "have it."
    )


def account(user: User) -> None:
    """Who is signed in, until when, and the way out. Nothing for the local user."""
    if user.state != "signed in" or user.ends_at is None:
        return
    with st.popover("Account", icon=":material/account_circle:"):
        st.markdown(f"Signed in as {_code(user.name)}")
        st.markdown(f"Roles: **{user.roles_in_words()}**")
        st.markdown(f"Session ends {numbers.instant(user.ends_at)}")
        st.button("Sign out", icon=":material/logout:", key="sign_out", on_click=st.logout)
    _draw_again_at(user.ends_at)


def _draw_again_at(end: datetime) -> None:
    """When the session ends, an open page goes without waiting for a click."""
    seconds = max((end - datetime.now(UTC)).total_seconds(), 0) + 1

    def leave_when_ended() -> None:
        if not current_user().name:
            st.rerun()

    st.fragment(leave_when_ended, run_every=seconds)()


def say_who_reads(user: User) -> None:
    """The last line of every page."""
    if user.state == "local":
        st.caption(
            "Local use: no sign-in provider is set up, so this app answers on this machine alone "
            "and its one reader has every role."
        )
    elif user.name:
        st.caption(f"Signed in as {_code(user.name)} · roles: {user.roles_in_words()}")
    else:
        st.caption("Not signed in.")


def whom_to_ask() -> str:
    """ask `mhhs@example.org`: the end of a sentence."""
    access = settings()
    return (
        f"ask {_code(access.contact)}"
        if access and access.contact
        else ("ask the administrator of this app")
    )


def _code(text: str) -> str:
    """Addresses as code: Streamlit would make a pale link of them."""
    return f"`{text.replace('`', '')}`"
