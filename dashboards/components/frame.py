"""The frame of every page: data strip, as-of selector, permanent link, states without data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards import data
from dashboards.auth import current_user
from dashboards.components import gate, look, numbers
from dashboards.components.address import Address, Read
from dashboards.components.filters import quoted
from dashboards.components.markup import escape
from dashboards.data import View
from pipeline import CONTRACT_VERSION, publication
from pipeline.clock import today

# Registration files come daily; a weekend may lie between.
EXPECTED_AGE_DAYS = 3

_CURRENT = "_frame"

# `assets/page.js` copies the link, or shows it.
_COPY = """<div class="mhhs-copy-place" data-link="{link}">
<button type="button" class="mhhs-copy" title="This link keeps the publication and every filter">
<span class="icon" aria-hidden="true"></span><span>Copy permanent link</span></button>
<span role="status"></span>
<div class="panel" data-part="panel" hidden>
<label>Permanent link<input type="text" readonly /></label>
<p>Your browser did not let this page copy the link. Press Ctrl+C (⌘C on a Mac) to copy it.</p>
</div></div>"""


@dataclass
class Backdrop:
    """What is shown, and in which colours: the same for every reader who chose the same."""

    view: View
    colours: look.Palette

    def link_parameters(self, filters: Mapping[str, Sequence[str]] | None = None) -> dict[str, Any]:
        """Parameters of a link to another page that stays in this publication."""
        pinned = {} if self.view.is_current else {"asof": self.view.publication_id}
        return {**pinned, **{name: list(values) for name, values in (filters or {}).items()}}


@dataclass
class Frame(Backdrop):
    """What a page has to work with."""

    address: Address
    link_place: DeltaGenerator
    remark_place: DeltaGenerator


def current() -> Frame:
    """The frame of this run."""
    frame: Frame = st.session_state[_CURRENT]
    return frame


def open_frame(page: str) -> Frame | None:
    """Draw the frame above the page; None when there is no data that the page could show."""
    colours = look.palette()
    st.html(look.style_sheet(colours))
    kept = data.store.kept()
    address = Address(page)
    asked = address.asked("asof")
    if not kept or not (asked or _shown_by_default(kept)):
        gate.account(current_user())
        _no_publication()
        return None
    if refused := _refused(asked, kept):
        gate.account(current_user())
        _not_shown(*refused, page, _shown_by_default(kept) or kept[0])
        return None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        view = _choose_publication(address, kept)
        link_place = st.container(width="content")
        st.page_link(
            "views/health.py",
            label="Data\u00a0health",
            icon=":material/monitor_heart:",
            width=150,
            query_params={} if view.is_current else {"asof": view.publication_id},
        )
        gate.account(current_user())
    _strip(view)
    frame = Frame(view, colours, address, link_place, st.container())
    st.session_state[_CURRENT] = frame
    return frame


def close_frame(frame: Frame) -> None:
    """After the page: the address and the permanent link know every filter now."""
    if not frame.view.is_current:
        frame.address.show("asof", [frame.view.publication_id])
    if unused := frame.address.unused():
        names = ", ".join(map(quoted, unused))
        frame.remark_place.warning(
            f"**Not used here:** {names}. This page has no such filter and ignores it. Check the "
            "address.",
            icon=":material/filter_alt_off:",
        )
    frame.address.write()
    link = frame.address.permanent(frame.view.publication_id)
    frame.link_place.html(_COPY.format(link=escape(link)))


def _choose_publication(address: Address, kept: list[View]) -> View:
    by_id = {view.publication_id: view for view in kept}
    default = (_shown_by_default(kept) or kept[0]).publication_id

    def read(asked: Sequence[str]) -> Read:
        return Read(asked[0] if asked else default)

    address.restore("asof", read, survives_navigation=True)
    if st.session_state["asof"] not in by_id:
        st.session_state["asof"] = default
    chosen = st.selectbox(
        "Publication",
        list(by_id),
        format_func=lambda each: _publication_words(by_id[each]),
        key="asof",
        width=400,
    )
    view = by_id[chosen]
    if not view.is_current:
        address.show_at_once("asof", chosen)
    return view


def _shown_by_default(kept: list[View]) -> View | None:
    """The current publication, else the newest that is not for a day after today."""
    current = next((view for view in kept if view.is_current), None)
    return current or next((view for view in kept if not view.is_ahead), None)


def _publication_words(view: View) -> str:
    built = numbers.instant(view.built_at, zone=False)
    words = f"as of {numbers.day(view.as_of)} · built {built}"
    return f"{words} · current" if view.is_current else words


def _strip(view: View) -> None:
    newest = data.frame.newest_registration_day(view)
    failure = last_failure(view) if view.is_current else None
    age = (today() - newest).days if newest else None
    stale = view.is_current and (age is None or age > EXPECTED_AGE_DAYS)
    parts = [
        f"<span>Data as of <b>{numbers.day(view.as_of)}</b></span>",
        f'<span class="good-text">✓ Quality gate passed: {view.tests_passed:,} tests</span>',
        f"<span>Built {numbers.instant(view.built_at)}</span>",
        f"<span>Publication {escape(view.publication_id)}</span>",
    ]
    is_of_now = view.contract == CONTRACT_VERSION
    parts.append(
        f"<span>Contract {view.contract}</span>"
        if is_of_now
        else f"<span><b>◆ Contract {view.contract} of the marts</b>: some statuses and figures "
        f"have another definition than in contract {CONTRACT_VERSION}, or are not available</span>"
    )
    if failure:
        parts.insert(1, f'<span class="bad-text">▲ {escape(_failure_words(failure))}</span>')
    parts += [
        f"<span><b>◆ Published with data missing:</b> {escape(loss)}</span>"
        for loss in view.accepted_loss
    ]
    if view.is_ahead:
        parts.append("<span><b>◆ As of a day after today</b>, so it is not current</span>")
    elif not view.is_current:
        parts.append("<span><b>◆ An earlier publication</b>, kept as it was</span>")
    elif newest is None:
        parts.append("<span><b>◆ No registration file was accepted</b></span>")
    elif stale:
        parts.append(
            f"<span><b>◆ Newest registration file is {age} days old</b> "
            f"({numbers.day(newest)}; expected within {EXPECTED_AGE_DAYS} days)</span>"
        )
    else:
        parts.append(f"<span>Newest registration file {numbers.day(newest)}</span>")
    needs_care = stale or not view.is_current or view.accepted_loss or not is_of_now
    tone = "bad" if failure else "warn" if needs_care else ""
    st.html(
        f'<section class="mhhs-strip {tone}" aria-label="Data status">{"".join(parts)}</section>'
    )


def last_failure(view: View) -> dict[str, Any] | None:
    """What failed or held the newest build, if that was after this publication was built."""
    failure = publication.last_failure(data.store.warehouse())
    if failure is None or datetime.fromisoformat(failure["failed_at"]) <= view.built_at:
        return None
    return failure


def _failure_words(failure: dict[str, Any]) -> str:
    day = numbers.day(date.fromisoformat(failure["as_of"]))
    if failure.get("held"):
        why = " ".join(each["message"] for each in failure["failures"])
        return f"The newest build, as of {day}, is held and was not published. {why}"
    tests = ", ".join(each["test"] for each in failure["failures"]) or "unknown"
    return f"The newest build, as of {day}, failed its gate and was not published: {tests}"


def _no_publication() -> None:
    st.title("No publication yet", anchor=False)
    _say_why_nothing_was_published()
    st.markdown(
        "This warehouse holds no publication that the pages could show. "
        "Make one from an invented market, or from your own landing folder:"
    )
    st.code(
        "make demo\npython -m pipeline run --landing LANDING --warehouse WAREHOUSE",
        language="bash",
    )
    st.markdown(
        f"The app reads the warehouse folder `{data.store.warehouse().root}`; the environment "
        "variable `MHHS_WAREHOUSE` names another. Reload this page when the run has ended."
    )


def _say_why_nothing_was_published() -> None:
    failure = publication.last_failure(data.store.warehouse())
    if failure is not None:
        st.error(_failure_words(failure), icon=":material/error:")


def _refused(asked: Sequence[str], kept: Sequence[View]) -> tuple[str, str] | None:
    """Why the publication of the address cannot be shown, as title and sentence."""
    known = {view.publication_id for view in kept}
    if unknown := next((each for each in asked if each not in known), None):
        return (
            "This publication is not kept",
            f"The address names the publication {quoted(unknown)}. It is not in this warehouse, "
            "or no longer, so its figures cannot be shown.",
        )
    if len(asked) > 1:
        return (
            "The address names several publications",
            f"A page shows one publication, and the address names {len(asked)}.",
        )
    return None


def _not_shown(title: str, why: str, page: str, instead: View) -> None:
    st.title(title, anchor=False)
    st.markdown(why)
    st.page_link(
        f"views/{page}.py",
        label="Show the current publication"
        if instead.is_current
        else f"Show the publication as of {numbers.day(instead.as_of)}",
        icon=":material/arrow_forward:",
        # Named: without it the page would keep the publication that was chosen before.
        query_params={"asof": instead.publication_id},
    )
