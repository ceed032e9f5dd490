"""The head of a DIP message: every way of writing it that is read, and what is quarantined."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.intake.adapters.dip_head import ANY, Head, read_head
from tests.command import PROJECT
from tests.python.dip_messages import lines, message, registered
from tests.python.intake_folder import Folder

NAME = "dip_events_delta_20260901.jsonl"
with (PROJECT / "seeds/reference/dip_event.csv").open(encoding="utf-8", newline="") as file:
    SEED = list(csv.DictReader(file))
USED = [row for row in SEED if row["is_used"] == "true"]
BLANKS = st.text(" \t\n\u00a0", max_size=2)


@st.composite
def spelling(draw: st.DrawFn, name: str) -> Any:
    """A name as some sender may write it."""
    text = "".join(draw(st.sampled_from([c.lower(), c.upper()])) for c in name)
    if name.startswith("IF-") and draw(st.booleans()):
        text = text.replace("-", "")
    text = draw(BLANKS) + text + draw(BLANKS)
    if draw(st.booleans()):
        text = draw(BLANKS) + f"[{text}]" + draw(BLANKS)
    return [text] if draw(st.booleans()) else text


@given(st.data(), st.sampled_from(SEED))
def test_all_spellings_mean_the_same(data: st.DataObject, row: dict[str, str]) -> None:
    event = row["event_code"] if row["event_code"] != ANY else "AnyEvent"
    key = data.draw(st.sampled_from(["interfaceID", "InterfaceID", "interfaceId"]))
    head = read_head(
        {key: data.draw(spelling(row["interface"])), "eventCode": data.draw(spelling(event))}
    )
    assert head.is_known
    assert head.interface == row["interface"]
    assert head.event == row["event_code"]
    assert head.is_used == (row["is_used"] == "true")
    assert head.said.lower() == event.lower()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(JSON, JSON)
def test_no_other_value_is_taken_for_an_interface_or_event(one: Any, other: Any) -> None:
    """Random values name nothing of DIP 2.1.0, and a list of several never passes for one."""
    heads = [
        read_head({"interfaceID": one, "eventCode": "ActivePower"}),
        read_head({"interfaceID": "IF-021", "eventCode": other}),
    ]
    for head, read, value in zip(heads, ("interface", "event"), (one, other), strict=True):
        assert not head.is_known
        is_list = isinstance(value, list) and len(value) > 1
        assert getattr(head, read).startswith("[") == is_list


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        (field, value, reason)
        for field in ("interfaceID", "eventCode")
        for value, reason in [
            (None, "BAD_VALUE"),
            ({}, "BAD_VALUE"),
            ({"code": "ChangeOfSupplier"}, "BAD_VALUE"),
            (1, "BAD_VALUE"),
            (True, "BAD_VALUE"),
            ("", "BAD_VALUE"),
            ("[]", "BAD_VALUE"),
            ("*", "BAD_VALUE"),
            ("null", "BAD_VALUE"),
            ("\ud800", "BAD_VALUE"),
            ([], "BAD_VALUE"),
            ([None], "BAD_VALUE"),
            ([1], "BAD_VALUE"),
            ([["IF-001"]], "BAD_VALUE"),
            (["IF-001", "IF-001"], "BAD_FORMAT"),
            (["ChangeOfSupplier", "InitialRegistration"], "BAD_FORMAT"),
            ("x" * 5000, "BAD_VALUE"),
        ]
    ]
    + [
        ("interfaceID", "IF-999", "BAD_VALUE"),
        ("interfaceID", "IF-0011", "BAD_VALUE"),
        ("interfaceID", "IF-1", "BAD_VALUE"),
        ("interfaceID", "IF--001", "BAD_VALUE"),
        ("interfaceID", "PUB-001", "BAD_VALUE"),
        ("interfaceID", "IF-\u0660\u0660\u0661", "BAD_VALUE"),
        ("eventCode", "MSAppActive", "BAD_VALUE"),  # of another interface
        ("eventCode", "[ChangeOfSupplier, InitialRegistration]", "BAD_VALUE"),
        ("eventCode", "Change Of Supplier", "BAD_VALUE"),
    ],
)
def test_a_head_that_names_nothing_is_quarantined(
    tmp_path: Path, field: str, value: Any, reason: str
) -> None:
    odd = registered("R-2")
    odd["payload"]["CommonBlock"]["S0"][field] = value
    again = registered("R-3")
    again["payload"]["CommonBlock"]["S0"][field] = value
    folder = Folder(tmp_path)
    folder.put(NAME, lines(registered("R-1"), odd, again, odd))
    outcome = folder.only()
    assert (outcome.accepted, outcome.quarantined, outcome.repeated) == (1, 2, 1)
    assert outcome.ignored == 0
    assert folder.query(
        "SELECT line, reason, column_name, row_text FROM raw.quarantined_row ORDER BY line"
    ) == [(3, reason, field, json.dumps(again)), (4, reason, field, json.dumps(odd))]


@pytest.mark.parametrize("head", [{}, {"schemaVersion": "011"}, None, 7])
def test_a_message_without_a_head_is_quarantined(tmp_path: Path, head: Any) -> None:
    odd = registered()
    odd["payload"]["CommonBlock"]["S0"] = head
    folder = Folder(tmp_path)
    folder.put(NAME, lines(odd))
    assert folder.only().quarantined == 1
    assert folder.query("SELECT reason, column_name FROM raw.quarantined_row") == [
        ("BAD_VALUE", "interfaceID")
    ]


def test_two_spellings_of_the_field_must_agree(tmp_path: Path) -> None:
    alike, unlike = registered("R-1"), registered("R-2")
    alike["payload"]["CommonBlock"]["S0"]["InterfaceID"] = "if001"
    unlike["payload"]["CommonBlock"]["S0"]["InterfaceID"] = "IF-021"
    folder = Folder(tmp_path)
    folder.put(NAME, lines(alike, unlike))
    assert folder.only().accepted == 1
    assert folder.query("SELECT reason, column_name FROM raw.quarantined_row") == [
        ("BAD_FORMAT", "interfaceID")
    ]


def test_what_the_seed_does_not_mark_as_used_is_ignored(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    unused = [row for row in SEED if row["is_used"] == "false"]
    events = [(r["interface"], r["event_code"].replace(ANY, "MDRStart")) for r in unused]
    folder.put(NAME, lines(*(message(interface, event, {}) for interface, event in events)))
    outcome = folder.only()
    assert (outcome.lines, outcome.ignored) == (0, len(events))
    found = folder.query("SELECT interface, event_code, messages FROM raw.ignored_message")
    assert Counter({row[:2]: row[2] for row in found}) == Counter(events)


def test_what_the_seed_marks_as_used_is_read(tmp_path: Path) -> None:
    """No message is ignored, and none fails for want of code: each lacks what it must say."""
    folder = Folder(tmp_path)
    events = [(r["interface"], r["event_code"].replace(ANY, "Any")) for r in USED]
    folder.put(NAME, lines(*(message(interface, event, {}) for interface, event in events)))
    outcome = folder.only()
    assert (outcome.lines, outcome.ignored) == (len(events), 0)


def test_a_head_is_judged_alike_however_long() -> None:
    spaced = {"interfaceID": " " * 500 + "IF-001", "eventCode": "ChangeOfSupplier"}
    expected = Head("IF-001", "ChangeOfSupplier", True, True, "ChangeOfSupplier")
    assert read_head(spaced) == expected
