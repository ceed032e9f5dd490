"""Metering Point: prove it for this one."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

from dashboards import auth, data, mpan
from dashboards.auth import current_user
from dashboards.components import charts, filters, lanes, numbers, words
from dashboards.components.evidence import show_verdicts, source_files
from dashboards.components.frame import Frame, current
from dashboards.components.markup import escape, facts, plain
from dashboards.components.verdicts import Verdict, verdicts
from dashboards.data.points import Point


def render(frame: Frame) -> None:
    """The whole page."""
    st.title("Metering Point", anchor=False)
    user = current_user()
    try:
        if user.may("compliance"):
            point = _by_mpan(frame)
        elif user.may("analyst"):
            point = _by_exception(frame)
        else:
            _forbidden()
            return
    except auth.Forbidden:
        _needs_compliance()
        return
    if point:
        _show(frame, point)


def _by_mpan(frame: Frame) -> Point | None:
    with st.container(width=400):
        text = filters.search_text(frame.address, "mpan", "MPAN", "13 digits", is_an_id=True)
    if filters.say_unknown(frame.address, ["mpan"], "Nothing is shown."):
        return None
    asked = frame.address.asked("exception")
    if not text and asked:
        frame.address.show("exception", asked[:1])
        return _of_exception(frame, asked[0])
    number = mpan.read(text)
    if not number:
        _nothing_asked(frame, "Enter the MPAN of a Metering Point, or choose a row in Exceptions.")
        return None
    if fault := mpan.fault(number):
        st.warning(fault, icon=":material/pin:")
        return None
    point = data.points.look_up(frame.view, number)
    if not point.digit_is_right:
        st.warning(
            f"The last digit of this MPAN would be {mpan.check_digit(number)} by the check-digit "
            "rule: is a digit mistyped?",
            icon=":material/pin:",
        )
    if not point.is_known:
        _not_found(frame, f"No Metering Point {mpan.in_groups(number)} in this publication")
        return None
    return point


def _by_exception(frame: Frame) -> Point | None:
    st.info(
        "MPANs are personal data: to look one up, or to see one, needs the role compliance. "
        f"Without it a Metering Point opens by the id of one of its exceptions, its MPAN shown "
        f"as {data.points.MASK}.",
        icon=":material/lock:",
    )
    with st.container(width=400):
        text = filters.search_text(
            frame.address, "exception", "Exception id", "32 characters", is_an_id=True
        )
    if filters.say_unknown(frame.address, ["exception"], "Nothing is shown."):
        return None
    if not text:
        _nothing_asked(frame, "Enter an exception_id of the mart fct_exception.")
        return None
    return _of_exception(frame, text)


def _of_exception(frame: Frame, exception_id: str) -> Point | None:
    point = data.points.of_exception(frame.view, exception_id)
    if point is None:
        _not_found(frame, "No exception of a Metering Point has this id in this publication")
    return point


def _nothing_asked(frame: Frame, words_: str) -> None:
    st.info(words_, icon=":material/search:")
    st.page_link(
        "views/exceptions.py",
        label="Go to the exceptions",
        icon=":material/arrow_forward:",
        icon_position="right",
        query_params=frame.link_parameters(),
    )


def _not_found(frame: Frame, what: str) -> None:
    st.header(plain(what), anchor=False)
    st.markdown(
        f"No registration, migration event, appointment or exception known on "
        f"{numbers.long_day(frame.view.as_of)} names it. It may be registered later: choose "
        "another publication above. Or its lines were refused: Data health lists what is "
        "quarantined."
    )


def _forbidden() -> None:
    st.info(
        "This page shows single Metering Points. It needs the role compliance, or analyst with "
        "MPANs masked. Ask the administrator of this app for it.",
        icon=":material/lock:",
    )


def _needs_compliance() -> None:
    st.info(
        "The id of this exception is made from the MPAN itself, so it needs the role compliance. "
        "Ask the administrator of this app for it, or open another exception.",
        icon=":material/lock:",
    )


def _show(frame: Frame, point: Point) -> None:
    dates: dict[str, date] = data.points.milestones(frame.view)
    number = point.attributes["distributor_id"] if point.attributes else None
    distributor = data.points.distributor(frame.view, number) if number else None
    found = verdicts(
        point, data.points.rules(frame.view), frame.view.as_of, dates["M14"], distributor
    )
    st.html(f'<p class="mhhs-lead">{_sentence(found)}</p>')
    st.html(facts(_facts(point, frame.view.as_of, distributor)))
    _links(frame, point)
    _time_axis(frame, point, dates)
    show_verdicts(frame, point, found)
    source_files(frame, point)


def _sentence(found: list[Verdict]) -> str:
    true = [each for each in found if each.state == "TRUE"]
    rest = len(found) - len(true)
    if not true:
        return f"<strong>No rule is true of this Metering Point</strong>: {rest} rules were run."
    breaches = sum(any(row["severity"] == "BREACH" for row in each.exceptions) for each in true)
    worst = f", {breaches} of them as a breach" if breaches else ""
    are = "rule is" if len(true) == 1 else "rules are"
    return (
        f"<strong>{len(true)} {are} true of this Metering Point</strong>{worst}; "
        f"{rest} are clean or do not apply."
    )


def _facts(point: Point, as_of: date, distributor: str | None) -> list[tuple[str, str]]:
    pairs = [("MPAN", escape(mpan.in_groups(point.mpan) or point.mpan))]
    row = point.attributes
    if row is None:
        return [*pairs, ("Registration", f"None by {numbers.day(as_of)}")]
    holding = point.holdings[-1]
    supplier = words.party(point.names.get(row["supplier_mpid"]), row["supplier_mpid"])
    since = row["last_regime_change_on"]
    regime = words.REGIME[row["regime"]] + (f" since {numbers.day(since)}" if since else "")
    ends = holding["valid_to"]
    return [
        *pairs,
        ("Supplier", escape(supplier)),
        ("Held", lanes.span(holding)),
        ("Qualified for it", "● Yes" if row["supplier_is_qualified"] else "▲ No"),
        ("Live", _live(row, ends <= as_of)),
        ("Market segment", words.SEGMENT[row["market_segment"]]),
        ("Arrangements", regime),
        ("Distributor", escape(distributor or row["distributor_id"])),
        ("GSP group", words.GSP_GROUP.get(row["gsp_group_id"], row["gsp_group_id"])),
        ("Energy a year", numbers.energy(row["annual_kwh"])),
        ("Premises", _premises(row["is_domestic"])),
    ]


def _live(row: dict[str, Any], has_ended: bool) -> str:
    if row["is_live"]:
        return "Yes"
    return "No, the holding has ended" if has_ended else "No, terminated or disconnected"


def _premises(is_domestic: bool | None) -> str:
    if is_domestic is None:
        return numbers.NOT_AVAILABLE
    return "Domestic" if is_domestic else "Not domestic"


def _links(frame: Frame, point: Point) -> None:
    if point.attributes is None:
        return
    mpid = point.attributes["supplier_mpid"]
    st.page_link(
        "views/supplier.py",
        label=f"Readiness of {plain(words.party(point.names.get(mpid), mpid))}",
        icon=":material/arrow_forward:",
        icon_position="right",
        width="stretch",
        query_params=frame.link_parameters({"mpid": [mpid]}),
    )


def _time_axis(frame: Frame, point: Point, dates: dict[str, date]) -> None:
    first, last = lanes.axis(frame.view.as_of, dates)
    shown = lanes.lanes_of(point, first, last)
    title = _chart_title(point)
    colours = frame.colours
    charts.show(
        frame.view,
        charts.Chart(
            key="point_lanes",
            title=title,
            subtitle="Days on which each party held or served the Metering Point, and on which it "
            f"was Qualified to; {numbers.day(first)} to {numbers.day(last)}, days to come paler; "
            "the table has what lies before",
            measure="One Metering Point by day",
            alt=f"Lanes on one time axis with M11, M14, M15 and the as-of day: {title}. "
            f"{len(shown) - 1} parties.",
            table=lanes.table_of(point),
            mart="fct_holding, fct_regime, fct_appointment, fct_qualification",
            legend=charts.key_of(
                [
                    (colours.focus, "solid", "Held or served it"),
                    (colours.good, "solid", "Qualified to (thin)"),
                    (colours.series[1], "solid", "Under MHHS"),
                    (colours.quiet, "solid", "Legacy arrangements"),
                ]
            ),
        ),
        lanes.figure_of(shown, frame.view.as_of, dates, colours),
        height=170 + lanes.LANE_HEIGHT * len(shown),
    )


def _chart_title(point: Point) -> str:
    row = point.attributes
    if row is None:
        return "No registration by the as-of day"
    name = point.names.get(row["supplier_mpid"]) or row["supplier_mpid"]
    segment = words.SEGMENT[row["market_segment"]]
    state = "Qualified" if row["supplier_is_qualified"] else "not Qualified"
    holds = "holds it" if row["is_live"] else "held it last"
    regime = "under MHHS" if row["regime"] == "MHHS" else "under the legacy arrangements"
    return f"{name} {holds}, {state} for {segment}; {regime}"


render(current())
