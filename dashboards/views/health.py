"""Data health: can these figures be trusted today?"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboards import data
from dashboards.components import builds, finished, health_files, health_noted, numbers
from dashboards.components.cards import Card, show_cards
from dashboards.components.frame import EXPECTED_AGE_DAYS, Frame, current, last_failure
from dashboards.components.markup import cell_table, escape
from pipeline.clock import today

IDENTITY = {
    "FLOW_LINKS_POSITIONS": "Flows link the positions",
    "HEADLINE_IS_LIVE_POINTS": "The headline counts the live points",
    "LINES_ARE_ACCOUNTED_FOR": "Every line is accounted for",
    "POSITION_IS_LIVE_POINTS": "The position counts the live points",
    "NOTED_VALUES_ARE_KEPT": "Every noted value is kept",
    "QUARANTINE_IS_KEPT": "Every quarantined line is kept",
    "SUMMARY_IS_EXCEPTIONS": "The summary counts the exceptions",
    "SUP_01_IS_HEADLINE": "SUP-01 is the headline",
    "SUP_01_IS_SUPPLIERS": "SUP-01 is the sum over Suppliers",
}


def render(frame: Frame) -> None:
    """The whole page."""
    st.title("Data health", anchor=False)
    view = frame.view
    identities = data.health.reconciliation(view)
    lines = data.health.line_totals(view)
    newest = data.frame.newest_registration_day(view)
    failure = last_failure(view) if view.is_current else None
    st.html(f'<p class="mhhs-lead">{_sentence(frame, identities, lines, failure)}</p>')
    show_cards(_cards(frame, identities, lines, newest))
    if failure:
        builds.failed_now(failure)
    _reconciliation(identities)
    health_files.freshness(frame)
    health_files.loads(frame, lines)
    health_files.quarantine(frame, lines)
    health_noted.noted(frame, lines)
    health_files.ignored(frame)
    manifest = data.health.manifest(view)
    builds.tests(manifest)
    finished.show(frame, builds.durations)
    builds.failed_before(frame)


def _sentence(
    frame: Frame, identities: pl.DataFrame, lines: dict[str, int], failure: dict[str, Any] | None
) -> str:
    differ = identities.filter(pl.col("difference") != 0).height
    parts = [f"{frame.view.tests_passed:,} tests passed"]
    if identities.height:
        agree = identities.height - differ
        parts.append(f"{agree:,} of {identities.height:,} reconciliations agree")
    if lines["lines"]:
        share = numbers.percent(lines["quarantined"] / lines["lines"])
        parts.append(
            f"{numbers.count_of(lines['quarantined'], 'line')} of "
            f"{numbers.short(lines['lines'])} ({share}) "
            f"{'is' if lines['quarantined'] == 1 else 'are'} in quarantine"
        )
    facts = ", ".join(parts)
    if failure:
        return (
            "<strong>These figures are the last that passed; a newer build "
            f"{'is held' if failure.get('held') else 'failed its gate'}</strong>. "
            f"Of these: {facts}."
        )
    verdict = "cannot all be trusted" if differ else "can be trusted"
    return f"<strong>These figures {verdict}</strong>: {facts}."


def _cards(
    frame: Frame, identities: pl.DataFrame, lines: dict[str, int], newest: date | None
) -> list[Card]:
    differ = identities.filter(pl.col("difference") != 0).height
    age = (today() - newest).days if newest else None
    is_old = frame.view.is_current and (age is None or age > EXPECTED_AGE_DAYS)
    return [
        Card(
            "Quality gate",
            f"{frame.view.tests_passed:,} passed",
            "Tests of data and rules, 0 failed: else nothing would have been published",
            "good",
        ),
        Card(
            "Reconciliations that agree",
            f"{identities.height - differ:,} of {identities.height:,}",
            "Two figures found in different ways that must be one",
            "bad" if differ else "good",
        ),
        Card(
            "Newest registration file",
            numbers.day(newest),
            _age_words(age, is_old) if frame.view.is_current else "As known when it was built",
            "bad" if is_old else "",
        ),
        Card(
            "Lines in quarantine",
            numbers.short(lines["quarantined"]),
            f"of {numbers.short(lines['lines'])} lines read; kept word for word",
        ),
        Card(
            "Values replaced by null",
            numbers.short(lines["noted"]),
            "Bad attributes of accepted lines; no rule depends on them",
        ),
        Card(
            "Files refused",
            numbers.short(lines["refused"]),
            f"of {numbers.count_of(lines['files'], 'file')}; a refused file loads nothing",
            "bad" if lines["refused"] else "",
        ),
        Card(
            "Messages ignored",
            numbers.short(lines["ignored"]),
            "Of DIP interfaces that the warehouse does not use",
        ),
    ]


def _age_words(age: int | None, is_old: bool) -> str:
    if age is None:
        return "No registration file was accepted"
    old = numbers.count_of(age, "day") + " old" if age > 0 else "of today"
    return f"{old}, expected within {EXPECTED_AGE_DAYS} days" if is_old else old


def _reconciliation(identities: pl.DataFrame) -> None:
    differ = identities.filter(pl.col("difference") != 0).height
    if identities.is_empty():
        st.header("No reconciliation is on record", anchor=False)
        return
    st.header(
        f"{differ:,} of {identities.height:,} reconciliations differ"
        if differ
        else f"All {identities.height:,} reconciliations agree",
        anchor=False,
    )
    rows = [
        [
            escape(IDENTITY.get(row["identity_name"], row["identity_name"])),
            f'<span class="wrap">{escape(row["wording"])}</span>',
            numbers.whole(row["left_value"]),
            numbers.whole(row["right_value"]),
            numbers.signed(row["difference"]),
            "▲ Differ" if row["difference"] else "✓ Agree",
        ]
        for row in identities.to_dicts()
    ]
    headings = ("Identity", "What must be equal", "Left", "Right", "Difference", "State")
    st.html(
        cell_table("Reconciliations", headings, rows, numbers=(2, 3, 4))
        + '<p class="mhhs-sub">Source: <code>rpt_reconciliation</code></p>'
    )


render(current())
