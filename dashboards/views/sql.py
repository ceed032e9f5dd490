"""SQL: anything else, asked by an analyst of the marts themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboards import data, saved_queries
from dashboards.auth import User, current_user
from dashboards.components.address import Read
from dashboards.components.frame import Frame, current
from dashboards.components.schema_browser import schema_browser
from dashboards.components.sql_answer import offer_chart, show_answer, show_failure
from dashboards.components.sql_download import sql_download
from pipeline.sandbox.asking import Answer
from pipeline.sandbox.terms import STATEMENT_LENGTH, BadQuestion, catalog_name
from pipeline.sandbox.traces import names_an_mpan

EDITOR = "sql"
# What Streamlit forgets on another page is kept under names that no widget bears.
_TEXT, _ASKED, _OUTCOME = "_sql_text", "_sql_asked", "_sql_outcome"
# Longer addresses are cut by some mail programs and proxies.
LINK_LENGTH = 1_500


def render(frame: Frame) -> None:
    """The whole page."""
    st.title("SQL", anchor=False)
    if not current_user().may("analyst"):
        st.warning("SQL needs the role **analyst**.", icon=":material/lock:")
        return
    marts = data.sql.tables(frame.view)
    is_masked = not data.sql.sees_mpans(current_user())
    st.html(f'<p class="mhhs-lead">{_sentence(len(marts))}</p>')
    if is_masked:
        st.html(
            '<p class="mhhs-sub">MPANs, and ids that can be made from one, are shown to you as '
            "pseudonyms (<code>h_…</code>): the same value has the same pseudonym in every table, "
            "so joins and counts are right. It changes when the administrator replaces the key; a "
            "saved query that contains one then finds nothing. "
            "<code>[c]</code> stands for what is withheld.</p>"
        )
    # A grid of the style sheet's: side by side, but on a phone the answer follows its query.
    with st.container(key="sql_layout"):
        with st.container(key="sql_ask"):
            statement = _editor(frame)
        with st.container(key="sql_answer_place"):
            _outcome(frame, statement)
        with st.container(key="sql_there"):
            schema_browser(marts, is_masked)
            _elsewhere(frame)


def _sentence(marts: int) -> str:
    limits = data.sql.LIMITS
    return (
        f"<strong>Ask the {marts} marts of this publication in SQL</strong>, read-only: at most "
        f"{limits.seconds:g} seconds and {limits.memory_mb} MB of memory a query, the first "
        f"{limits.rows:,} rows here, every row in a file."
    )


def _editor(frame: Frame) -> str:
    _choices(frame)
    address = frame.address
    address.restore(EDITOR, _asked_text)
    statement = st.text_area(
        "Query",
        key=EDITOR,
        height=320,
        max_chars=STATEMENT_LENGTH,
        help="One FROM, SELECT, WITH, VALUES, DESCRIBE, SUMMARIZE or SHOW TABLES, in DuckDB's SQL.",
    )
    st.session_state[_TEXT] = statement
    fits_a_link = len(statement) <= LINK_LENGTH and not names_an_mpan(statement)
    address.show(EDITOR, [statement] if statement.strip() and fits_a_link else [])
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        run = st.button("Run", type="primary", icon=":material/play_arrow:", shortcut="Ctrl+Enter")
        with st.popover("Save", icon=":material/bookmark_add:"):
            _save(statement)
    if not fits_a_link:
        why = (
            "is too long for"
            if len(statement) > LINK_LENGTH
            else "may name an MPAN (ten digits or more follow each other), so it is not in"
        )
        st.caption(f"The query {why} the link of this page: save it to keep it.")
    if run:
        _run(frame, statement)
    return statement


def _asked_text(asked: Sequence[str]) -> Read:
    """The query of a link; else what stood here; else the first question. A link runs nothing."""
    if asked:
        return Read(asked[0][:STATEMENT_LENGTH])
    return Read(str(st.session_state.get(_TEXT, data.starters.questions()[0].sql)))


def _choices(frame: Frame) -> None:
    """Queries to start from, and one's own."""
    starters = {
        each.key: each for each in (*data.starters.questions(), *data.starters.rules(frame.view))
    }
    kept = {each.name: each for each in saved_queries.of(current_user())}
    with st.grid(2, min_column_width=220, gap="small", vertical_alignment="bottom"):
        st.selectbox(
            "Start from a question or a rule",
            list(starters),
            format_func=lambda key: starters[key].title,
            index=None,
            placeholder="Choose a query",
            key="sql_starter",
            on_change=_take,
            args=("sql_starter", {key: each.sql for key, each in starters.items()}),
        )
        st.selectbox(
            "Your saved queries",
            list(kept),
            index=None,
            placeholder="Choose a query" if kept else "None saved yet",
            key="sql_saved",
            on_change=_take,
            args=("sql_saved", {name: each.sql for name, each in kept.items()}),
        )


def _take(widget: str, queries: dict[str, str]) -> None:
    """Put the chosen query into the editor."""
    if chosen := st.session_state[widget]:
        st.session_state[EDITOR] = st.session_state[_TEXT] = queries[chosen]


def _save(statement: str) -> None:
    user = current_user()
    name = st.text_input("Name", key="sql_name", max_chars=saved_queries.NAME_LENGTH)
    kept = {each.name for each in saved_queries.of(user)}
    st.button(
        "Replace the saved query" if name in kept else "Save the query",
        key="sql_save",
        on_click=_keep,
        args=(user, name, statement),
    )
    if reason := st.session_state.pop("_sql_not_saved", None):
        st.error(reason)
    if kept:
        gone = st.selectbox(
            "Delete", sorted(kept), index=None, key="sql_gone", placeholder="Choose"
        )
        st.button(
            "Delete the saved query",
            key="sql_delete",
            disabled=gone is None,
            on_click=_forget,
            args=(user, gone),
        )


def _keep(user: User, name: str, statement: str) -> None:
    try:
        saved_queries.save(user, name, statement)
    except saved_queries.NotSaved as error:
        st.session_state["_sql_not_saved"] = str(error)
    else:
        st.session_state["sql_name"] = ""
        st.toast(f"Saved: {name}", icon=":material/bookmark_added:")


def _forget(user: User, name: str) -> None:
    saved_queries.delete(user, name)
    st.session_state["sql_gone"] = st.session_state["sql_saved"] = None
    st.toast(f"Deleted: {name}", icon=":material/bookmark_remove:")


def _run(frame: Frame, statement: str) -> None:
    """Ask, and keep what came of it until the next time."""
    limit = data.sql.LIMITS.seconds
    place = st.empty()

    def on_wait(seconds: float) -> None:
        # Drawing is where Streamlit stops a run that the reader has left; the worker stops too.
        place.progress(min(seconds / limit, 1.0), f"Running: at most {limit:g} seconds")

    try:
        outcome: Answer | BadQuestion = data.sql.ask(frame.view, statement, on_wait)
    except BadQuestion as error:
        outcome = error
    place.empty()
    st.session_state[_ASKED] = _identity(frame, statement)
    st.session_state[_OUTCOME] = outcome


def _identity(frame: Frame, statement: str) -> tuple[Any, ...]:
    user = current_user()
    return frame.view.publication_id, statement, user.key, data.sql.sees_mpans(user)


def _outcome(frame: Frame, statement: str) -> None:
    asked = st.session_state.get(_ASKED)
    if asked is None or asked != _identity(frame, asked[1]):
        return
    outcome = st.session_state[_OUTCOME]
    st.header("Answer", anchor=False)
    if asked[1] != statement:
        st.caption("The query above has changed since this was asked.")
    if isinstance(outcome, BadQuestion):
        show_failure(outcome)
        return
    rows = show_answer(outcome)
    sql_download(frame.view, asked[1])
    offer_chart(frame, rows)


def _elsewhere(frame: Frame) -> None:
    others = [each for each in data.store.kept() if each != frame.view]
    if others:
        name = catalog_name(others[0].publication_id)
        st.html(
            '<p class="mhhs-sub">Marts of another kept publication: '
            f'<code class="mhhs-break">{name}.{data.starters.EXAMPLE_MART}</code></p>'
        )
    st.page_link(
        "views/dictionary.py",
        label="Open the data dictionary",
        icon=":material/menu_book:",
        query_params=frame.link_parameters(),
        width="stretch",
    )


render(current())
