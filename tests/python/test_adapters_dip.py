"""DIP events: what each message becomes, what is kept in quarantine, what is passed over."""

from __future__ import annotations

import json
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipeline.intake.log import LoadLog
from tests.python.dip_messages import (
    CHANGES,
    MPAN,
    appointed,
    changed,
    ended,
    lines,
    message,
    registered,
    reversed_,
    status,
)
from tests.python.intake_folder import Folder

NAME = "dip_events_delta_20260901.jsonl"
REGISTRATION = (
    "SELECT registration_id, mpan::VARCHAR, supplier_mpid, registration_type, registration_status, "
    "effective_from, effective_to, market_segment, connection_type, gsp_group_id, ldso_mpid, "
    "energisation_status, is_domestic, rmp_status, mp_status, annual_kwh::VARCHAR, requested_at "
    "FROM raw.registration ORDER BY ALL"
)
APPOINTMENT = (
    "SELECT appointment_id, mpan::VARCHAR, service_role, agent_mpid, appointment_status, scenario, "
    "effective_from, effective_to FROM raw.appointment ORDER BY ALL"
)
MIGRATION = (
    "SELECT mpan::VARCHAR, direction, effective_from, scenario, supplier_mpid "
    "FROM raw.migration ORDER BY ALL"
)
QUARANTINE = "SELECT line, reason, column_name FROM raw.quarantined_row ORDER BY line"
SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def take(folder: Folder, *messages: Any, name: str = NAME) -> Any:
    folder.put(name, lines(*messages))
    outcome = next(o for o in folder.load().files if o.file.endswith(name))
    assert outcome.lines == outcome.accepted + outcome.quarantined + outcome.repeated
    return outcome


@pytest.mark.parametrize(
    ("event", "kind"), [("InitialRegistration", "INITIAL"), ("ChangeOfSupplier", "SWITCH")]
)
def test_a_registration(folder: Folder, event: str, kind: str) -> None:
    take(folder, registered(event=event))
    about, attributes = ("R-1", MPAN), ("S", "W", "_J", None, "E", True)
    assert folder.query(REGISTRATION) == [
        (*about, "ALDR", kind, "ACTIVE", SEPTEMBER, None, *attributes, "O", "R", "3100.500", None)
    ]


def test_older_names_of_a_registration(folder: Folder) -> None:
    older = registered()
    custom = older["payload"]["CustomBlock"]
    custom["B013"] = {"CSSRegistrationRequestID": "OLD-1"}
    custom["B002"]["supplierEffectiveFromDate"] = custom["B002"].pop(
        "incomingSupplierEffectiveFromDate"
    )
    take(folder, older)
    assert folder.query("SELECT registration_id, effective_from FROM raw.registration") == [
        ("OLD-1", SEPTEMBER)
    ]


@pytest.mark.parametrize(
    ("service", "segment", "role"),
    [
        ("MS", "S", "MSS"),
        ("MS", "A", "MSA"),
        ("DS", "S", "SDS"),
        ("DS", "A", "ADS"),
        ("DS", "U", "UMSDS"),
    ],
)
def test_an_appointment(folder: Folder, service: str, segment: str, role: str) -> None:
    take(folder, appointed(service, segment=segment))
    assert folder.query(APPOINTMENT) == [
        (f"{MPAN}-{role}-MSA1-20260901", MPAN, role, "MSA1", "ACTIVE", "COS", SEPTEMBER, None)
    ]
    assert folder.query(MIGRATION) == []


@pytest.mark.parametrize("scenario", ["MCA", "MCS"])
def test_a_data_service_that_migrates(folder: Folder, scenario: str) -> None:
    take(folder, appointed("DS", scenario=scenario), appointed("MS", scenario=scenario))
    assert folder.query(MIGRATION) == [(MPAN, "FORWARD", SEPTEMBER, scenario, "ALDR")]


def test_a_reverse_migration_begins_after_the_last_day_under_mhhs(folder: Folder) -> None:
    take(folder, reversed_())
    assert folder.query(MIGRATION) == [(MPAN, "REVERSE", date(2026, 10, 28), None, "NOTQ")]


@pytest.mark.parametrize("interface", ["IF-037", "IF-003"])
@pytest.mark.parametrize("event", ["DeApp", "DeAppRM"])
def test_an_end_of_an_appointment_under_either_interface(
    folder: Folder, interface: str, event: str
) -> None:
    take(
        folder,
        appointed("DS", "SDS1"),
        appointed("MS"),
        ended("MS", interface=interface, event=f"MS{event}"),
    )
    ends = folder.query("SELECT service_role, effective_to FROM raw.appointment ORDER BY 1")
    assert ends == [("MSS", date(2026, 10, 1)), ("SDS", None)]


def test_an_end_ends_what_the_extract_appointed(folder: Folder) -> None:
    folder.put(
        "appointment_full_20260831.csv",
        b"appointment_id,mpan,service_role,agent_mpid,appointment_status,effective_from\n"
        b"OWN-1,1900012374324,MSA,MSA1,ACTIVE,2026-09-01\n"
        b"OWN-2,1900012374324,MOP,MSA1,ACTIVE,2026-09-01\n"
        b"OWN-3,1900012374324,MSS,MSA1,ACTIVE,2026-09-02\n"
        b"OWN-4,1900012374324,MSS,MSA1,LAPSED,2026-09-01\n",
    )
    take(folder, ended("MS"))
    assert folder.query("SELECT appointment_id, effective_to FROM raw.appointment ORDER BY 1") == [
        ("OWN-1", date(2026, 10, 1)),
        ("OWN-2", None),
        ("OWN-3", None),
        ("OWN-4", None),
    ]


@pytest.mark.parametrize(("segment", "role"), [("A", "ADS"), ("U", "UMSDS"), ("S", "SDS")])
def test_an_end_of_what_was_not_seen(folder: Folder, segment: str, role: str) -> None:
    take(folder, registered(segment=segment), ended("DS", "DSX1"))
    assert folder.query(APPOINTMENT) == [
        (f"{MPAN}-{role}-DSX1-20260901", MPAN, role, "DSX1", "ACTIVE", None, SEPTEMBER, OCTOBER)
    ]


def test_an_end_of_what_was_not_seen_of_an_unknown_point(folder: Folder) -> None:
    take(folder, ended("MS"))
    assert folder.query("SELECT service_role FROM raw.appointment") == [("MSS",)]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("MPANDisconnection", ("O", "X")),
        ("MPANReconnection", ("O", "R")),
        ("CSSDeRegistration", ("T", "R")),
    ],
)
def test_an_end_of_life_changes_the_newest_registration(
    folder: Folder, event: str, expected: tuple[str, str]
) -> None:
    take(
        folder,
        registered("R-2", "2026-09-01T00:00:00+01:00"),
        registered("R-1", "2026-08-01T00:00:00+01:00"),
        status(event),
    )
    assert folder.query(
        "SELECT registration_id, rmp_status, mp_status FROM raw.registration ORDER BY 1"
    ) == [("R-1", "O", "R"), ("R-2", *expected)]


def test_an_end_of_life_of_an_unknown_point_changes_nothing(folder: Folder) -> None:
    assert take(folder, status()).accepted == 1
    assert folder.query(REGISTRATION) == []


def test_messages_count_in_the_order_in_which_they_were_sent(folder: Folder) -> None:
    take(
        folder,
        status(sent_at="2026-09-01T10:00:00+01:00"),  # 09:00 UTC
        registered("R-2", "2026-09-02T00:00:00+01:00", sent_at="2026-09-01T09:30:00+00:00"),
        registered("R-1", "2026-09-01T00:00:00+01:00", sent_at="2026-09-01T08:30:00+00:00"),
    )
    assert folder.query("SELECT registration_id, mp_status FROM raw.registration ORDER BY 1") == [
        ("R-1", "X"),
        ("R-2", "R"),
    ]


def test_an_interface_that_is_spelt_otherwise_and_envelopes(folder: Folder) -> None:
    take(
        folder,
        [registered("R-1")],
        registered("R-2", spelling="InterfaceID"),
        registered("R-3")["payload"],
    )
    assert folder.query("SELECT count(*) FROM raw.registration") == [(3,)]


def test_what_is_not_used_is_counted_by_interface(folder: Folder) -> None:
    outcome = take(
        folder,
        message("IF-021", "ActivePower", {}),
        message("IF-021", "ActivePower", {}),
        message("IF-037", "MSDeAppUpdate", {}),
        registered(),
    )
    assert (outcome.lines, outcome.accepted, outcome.ignored) == (1, 1, 3)
    assert "2 of IF-021 ActivePower" in outcome.detail
    assert folder.query(
        "SELECT interface, event_code, messages FROM raw.ignored_message ORDER BY 1"
    ) == [("IF-021", "ActivePower", 2), ("IF-037", "MSDeAppUpdate", 1)]


def test_a_message_of_one_block(folder: Folder) -> None:
    """Read by what it carries: what is not used is counted, what says enough is used."""
    unused, life, nothing = message("IF-021", "ActivePower", {}), status(), registered()
    for each in (unused, life, nothing):
        del each["payload"]["CustomBlock"]
    outcome = take(folder, registered(), unused, life, nothing)
    assert (outcome.lines, outcome.accepted, outcome.ignored) == (3, 2, 1)
    assert folder.query("SELECT mp_status FROM raw.registration") == [("X",)]
    assert folder.query(QUARANTINE) == [(4, "MISSING_VALUE", "registration_id")]


def test_the_manifest_counts_every_message(folder: Folder) -> None:
    content = lines(message("IF-021", "ActivePower", {}), registered())
    folder.put(NAME, content, {"rows": 2})
    assert folder.only().outcome == "accepted"
    folder.put("dip_events_delta_20260902.jsonl", content, {"rows": 1})
    outcomes = {o.file: o.error for o in folder.load().files}
    assert outcomes["dip/dip_events_delta_20260902.jsonl"] == "MANIFEST_MISMATCH"


@pytest.mark.parametrize(
    ("broken", "reason", "column"),
    [
        ("{", "FIELD_COUNT", None),
        ("[]", "FIELD_COUNT", None),
        ("7", "FIELD_COUNT", None),
        ('{"payload": {"CommonBlock": {"S0": {}}, "CustomBlock": {}}}', "BAD_VALUE", "interfaceID"),
        ("[" * 100_000, "FIELD_COUNT", None),
        (registered("\ud800"), "FIELD_COUNT", None),
        (registered(mpan=None), "MISSING_VALUE", "mpan"),
        (registered(mpan="190001237432"), "BAD_FORMAT", "mpan"),
        (registered(""), "MISSING_VALUE", "registration_id"),
        (registered("R" * 41), "BAD_FORMAT", "registration_id"),
        (registered(supplier=""), "MISSING_VALUE", "supplier_mpid"),
        (registered(supplier="aldr"), "BAD_FORMAT", "supplier_mpid"),
        (registered(segment=""), "MISSING_VALUE", "market_segment"),
        (registered(segment="Z"), "BAD_VALUE", "market_segment"),
        (registered(since="2026-09-01T00:00:00"), "BAD_FORMAT", "effective_from"),
        (registered(since="2026-02-30T00:00:00Z"), "BAD_FORMAT", "effective_from"),
        (registered(sent_at="2026-09-01T09:00:00"), "BAD_FORMAT", "sent_at"),
        (registered(sent_at=""), "MISSING_VALUE", "sent_at"),
        (appointed("MS", segment="U"), "BAD_VALUE", "service_role"),
        (appointed("MS", segment=""), "MISSING_VALUE", "service_role"),
        (appointed(agent=""), "MISSING_VALUE", "agent_mpid"),
        (appointed(scenario="NEW"), "BAD_VALUE", "scenario"),
        (ended(until=""), "MISSING_VALUE", "effective_to"),
        (ended(until="2026-08-01T00:00:00Z"), "BAD_INTERVAL", "effective_to"),
        (reversed_(""), "MISSING_VALUE", "effective_from"),
    ],
)
def test_what_cannot_be_read_is_kept_word_for_word(
    folder: Folder, broken: Any, reason: str, column: str | None
) -> None:
    text = broken if isinstance(broken, str) else json.dumps(broken)
    folder.put(NAME, b"\n" + text.encode() + b"\n" + lines(registered("R-9")))
    outcome = folder.only()
    assert (outcome.lines, outcome.accepted, outcome.quarantined) == (2, 1, 1)
    assert folder.query("SELECT line, reason, column_name, row_text FROM raw.quarantined_row") == [
        (2, reason, column, text)
    ]


def test_two_messages_that_say_the_same_are_one(folder: Folder) -> None:
    outcome = take(
        folder,
        registered(sent_at="2026-09-01T09:00:00+00:00"),
        registered(sent_at="2026-09-01T09:00:01+00:00"),
    )
    assert (outcome.accepted, outcome.repeated) == (1, 1)


def test_of_two_messages_of_one_thing_the_one_sent_last_stands(folder: Folder) -> None:
    outcome = take(
        folder,
        registered(supplier="LAST", sent_at="2026-09-01T09:00:01+00:00"),
        registered(supplier="PAST", sent_at="2026-09-01T09:00:00+00:00"),
    )
    assert (outcome.accepted, outcome.quarantined) == (1, 1)
    assert folder.query(QUARANTINE) == [(2, "DUPLICATE_KEY", None)]
    assert folder.query("SELECT supplier_mpid FROM raw.registration") == [("LAST",)]


def test_a_full_overtakes_the_messages_of_its_own_extract_alone(folder: Folder) -> None:
    messages = [registered(), appointed("DS", scenario="MCA")]
    take(folder, *messages)
    folder.put(
        "appointment_full_20260901.csv",
        b"appointment_id,mpan,service_role,agent_mpid,appointment_status,effective_from\n",
    )
    folder.load()
    assert folder.query("SELECT count(*) FROM raw.appointment") == [(0,)]
    assert folder.query("SELECT count(*) FROM raw.migration") == [(1,)]
    outcomes = dict(folder.query("SELECT extract, outcome FROM raw.load"))
    assert outcomes == {"dip": "accepted", "appointment": "accepted"}
    head = b"mpan,direction,effective_from\n"
    folder.put("migration_full_20260902.csv", head)
    folder.put(
        "registration_full_20260902.csv",
        b"registration_id,mpan,supplier_mpid,registration_type,registration_status,effective_from,"
        b"market_segment,gsp_group_id,rmp_status,mp_status\n",
    )
    folder.load()
    assert dict(folder.query("SELECT extract, outcome FROM raw.load"))["dip"] == "superseded"


def test_the_delta_of_the_extract_comes_after_the_messages_of_its_day(folder: Folder) -> None:
    take(folder, reversed_())
    folder.put(
        "migration_delta_20260901.csv",
        b"change_type,mpan,direction,effective_from\nD,1900012374324,REVERSE,2026-10-28\n",
    )
    folder.load()
    assert folder.query(MIGRATION) == []


def test_no_message_however_odd_stops_the_intake(tmp_path: Path) -> None:
    """Messages with random parts put out, doubled or replaced: all are accounted for."""
    rng = random.Random(7)
    whole = [
        registered(),
        appointed(),
        appointed("DS", scenario="MCA"),
        ended(),
        reversed_(),
        status(),
        *(changed(column, "A") for column in CHANGES),
    ]
    odd = [None, 7, -1.5e300, True, "", "x|y", "é\x00", "\ud800", [], {}, [1], 10**400, "A" * 50]

    def spoil(value: Any) -> Any:
        if rng.random() < 0.06:
            return rng.choice(odd)
        if isinstance(value, dict):
            return {k: spoil(v) for k, v in value.items() if rng.random() > 0.03}
        return value

    folder = Folder(tmp_path)
    total = 600
    content = b"".join(
        json.dumps(spoil(rng.choice(whole)) if rng.random() < 0.9 else rng.choice(odd)).encode()[
            : rng.choice([None, None, None, 300])
        ]
        + b"\n"
        for _ in range(total)
    )
    folder.put(NAME, content)
    outcome = folder.only()
    assert outcome.outcome == "accepted"
    assert outcome.lines == outcome.accepted + outcome.quarantined + outcome.repeated
    assert outcome.lines + outcome.ignored == total
    assert outcome.quarantined > 100
    assert len(LoadLog(folder.warehouse).entries) == 1
    for name in ("registration", "migration", "appointment"):
        folder.query(f"SELECT * FROM raw.{name}")
