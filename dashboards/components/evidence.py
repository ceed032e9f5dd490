"""The proof of each verdict: what makes a rule true, why another is clean, and the files behind."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import streamlit as st

from dashboards import data
from dashboards.components import numbers, words
from dashboards.components.frame import Frame
from dashboards.components.markup import badge, cell_table, escape, plain
from dashboards.components.verdicts import Verdict
from dashboards.components.words import Label
from dashboards.data.points import Point

CLEAN = Label("Clean", "✓", "good")
NOT_APPLICABLE = Label("Does not apply", "○", "plain")
# Rules about an event ask about its own day, however long its effect lasts.
_OF_AN_EVENT = {"SUP-02", "SUP-03", "SUP-04"}
_STATE = {"OPEN": "True", "RECORDED": "True, on record", "CLOSED": "Was true"}
_BODY_OF = {title: code for code, title in words.BODY.items()}


def show_verdicts(frame: Frame, point: Point, found: list[Verdict]) -> None:
    """True rules first, each with its evidence; then why the others are clean."""
    true = [each for each in found if each.state == "TRUE"]
    clean = [each for each in found if each.state != "TRUE"]
    if true:
        st.header("Rules that are true, and because of what", anchor=False)
    for verdict in sorted(true, key=_by_severity):
        _true(frame, point, verdict)
    if true:
        st.caption(
            f"{numbers.NOT_APPLICABLE} not applicable; {numbers.NOT_AVAILABLE} not available."
        )
    if clean:
        st.header("Rules that are clean, and because of what", anchor=False)
        st.html(f'<ul class="mhhs-verdicts">{"".join(_clean(each) for each in clean)}</ul>')


def _by_severity(verdict: Verdict) -> int:
    order = list(words.SEVERITY)
    return min(order.index(row["severity"]) for row in verdict.exceptions)


def _clean(verdict: Verdict) -> str:
    label = CLEAN if verdict.state == "CLEAN" else NOT_APPLICABLE
    because = "Clean because" if verdict.state == "CLEAN" else "Does not apply"
    return (
        f"<li>{badge(label)}<div><p><b>{escape(verdict.rule['rule_id'])}</b> "
        f"{escape(verdict.rule['title'])}</p>"
        f'<p class="because"><span class="mhhs-hidden">{because}: </span>'
        f"{escape(verdict.because)}</p></div></li>"
    )


def _true(frame: Frame, point: Point, verdict: Verdict) -> None:
    rule = verdict.rule
    with st.container(border=True, gap="small"):
        severities = dict.fromkeys(row["severity"] for row in verdict.exceptions)
        badges = " ".join(badge(words.SEVERITY[each]) for each in severities)
        st.html(
            f'<div class="mhhs-verdict"><h3>{escape(rule["rule_id"])} {escape(rule["title"])}</h3>'
            f"{badges}</div>"
            + "".join(
                f"<p><b>{_STATE[row['status']]} because</b> {escape(row['reason_detail'])}</p>"
                for row in verdict.exceptions
            )
        )
        st.html(_exceptions_table(point, verdict))
        for question in _questions(frame, verdict):
            _decisions(frame, point, *question, verdict)
        st.markdown(
            f"**Rule:** {plain(rule['wording'])}  \n**What to do:** {plain(rule['action'])}"
        )
        party = verdict.exceptions[0]["mpid"]
        parameters = {"rule_id": [rule["rule_id"]], **({"mpid": [party]} if party else {})}
        st.page_link(
            "views/exceptions.py",
            label="All exceptions of this rule"
            + (f" and {plain(words.party(point.names.get(party), party))}" if party else ""),
            icon=":material/arrow_forward:",
            icon_position="right",
            width="stretch",
            query_params=frame.link_parameters(parameters),
        )


def _exceptions_table(point: Point, verdict: Verdict) -> str:
    rows = []
    for row in verdict.exceptions:
        days = numbers.count_of(row["days_open"], "day") if row["days_open"] is not None else ""
        rows.append(
            [
                escape(words.party(point.names.get(row["mpid"]), row["mpid"])),
                escape(words.STATUS[row["status"]]),
                numbers.day(row["occurred_on"]),
                numbers.day(row["counted_from"]) if row["counted_from"] else numbers.NOT_APPLICABLE,
                numbers.day(row["ended_on"] - timedelta(days=1))
                if row["ended_on"]
                else numbers.NOT_APPLICABLE,
                days or numbers.NOT_APPLICABLE,
                escape(words.REASON.get(row["reason_code"], row["reason_code"] or "[z]")),
                numbers.day(row["first_detected_on"]),
                escape(row["source_files"] or numbers.NOT_AVAILABLE),
            ]
        )
    headings = (
        "Party",
        "Status",
        "Occurred on",
        "Counted from",
        "Until",
        "Days",
        "Why not Qualified",
        "First found",
        "Source file",
    )
    return cell_table(f"Evidence of {verdict.rule['rule_id']}", headings, rows)


def _questions(frame: Frame, verdict: Verdict) -> list[tuple[str, str, str, date]]:
    """Party, role, segment and day that decide a rule which asks whether a party was Qualified."""
    found = []
    for row in verdict.exceptions:
        if row["reason_code"] and row["mpid"] and row["market_role"]:
            segment = row["market_segment"] if row["market_role"] == "SUP" else "*"
            if row["rule_id"] in _OF_AN_EVENT:
                day = row["occurred_on"]
            elif row["ended_on"]:
                day = row["ended_on"] - timedelta(days=1)
            else:
                day = frame.view.as_of
            found.append((row["mpid"], row["market_role"], segment, day))
    return list(dict.fromkeys(found))


def _decisions(
    frame: Frame, point: Point, mpid: str, role: str, segment: str, day: date, verdict: Verdict
) -> None:
    """Each Code Body's decision on the day that the rule asks about."""
    decisions = data.points.decisions(frame.view, mpid, role, segment)
    named = {
        code
        for title, code in _BODY_OF.items()
        if any(row["mpid"] == mpid and title in row["reason_detail"] for row in verdict.exceptions)
    }
    bodies = named | {row["approval_body"] for row in decisions if row["is_required"]}
    what = words.SEGMENT.get(segment, words.ROLE.get(role, role))
    caption = (
        f"Decisions on {words.party(point.names.get(mpid), mpid)} for {what} on {numbers.day(day)}"
    )
    rows = [
        [escape(title), *_decision([row for row in decisions if row["approval_body"] == code], day)]
        for code, title in words.BODY.items()
        if code in bodies
    ]
    st.html(
        f'<p class="mhhs-sub">{escape(caption)}</p>'
        + cell_table(caption, ("Code Body", "Decision on the day", "In force", "Next"), rows)
    )


def _decision(decisions: list[dict[str, Any]], day: date) -> list[str]:
    now = next((row for row in decisions if row["valid_from"] <= day < row["valid_to"]), None)
    ahead = next((row for row in decisions if row["valid_from"] > day), None)
    before = [row for row in decisions if row["valid_to"] <= day]
    if now:
        cell = f"{'●' if now['is_granted'] else '▲'} {escape(now['decision'].capitalize())}"
        force = f"from {numbers.day(now['valid_from'])}"
    elif before:
        cell = "▲ None in force"
        force = (
            f"{escape(before[-1]['decision'].capitalize())} until "
            f"{numbers.day(before[-1]['valid_to'] - timedelta(days=1))}"
        )
    else:
        cell, force = "▲ None", numbers.NOT_APPLICABLE
    following = (
        f"○ {escape(ahead['decision'].capitalize())} from {numbers.day(ahead['valid_from'])}"
        if ahead
        else numbers.NOT_APPLICABLE
    )
    return [cell, force, following]


def source_files(frame: Frame, point: Point) -> None:
    """The landing files behind the exceptions, with what became of each."""
    files = {row["source_files"] for row in point.exceptions if row["source_files"]}
    if not files:
        return
    st.header("The files behind", anchor=False)
    rows = [
        [
            escape(row["file"]),
            numbers.day(row["business_date"]),
            escape(words.OUTCOME.get(row["outcome"], row["outcome"])),
            numbers.whole(row["lines"]),
            numbers.whole(row["accepted"]),
            numbers.whole(row["quarantined"]),
            f"<code>{escape((row['sha256'] or numbers.NOT_AVAILABLE)[:16])}</code>",
        ]
        for row in data.points.loads(frame.view, sorted(files))
    ]
    headings = ("File", "Speaks for", "Outcome", "Lines", "Accepted", "Quarantined", "sha256")
    st.html(cell_table("Files behind the exceptions", headings, rows, numbers=(3, 4, 5)))
