"""DIP messages are read by the exact names of fields, whatever else they carry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.command import pipeline
from tests.python.dip_blocks import filled
from tests.python.dip_messages import (
    CHANGES,
    MPAN,
    appointed,
    changed,
    ended,
    lines,
    registered,
    reversed_,
    status,
)
from tests.python.intake_folder import Folder
from tests.python.test_adapters_dip import APPOINTMENT, MIGRATION, NAME, QUARANTINE, REGISTRATION

FAULTS = Path(__file__).parent / "faults"
NEW = {
    "market_segment": "A",
    "connection_type": "L",
    "energisation_status": "D",
    "gsp_group_id": "_A",
    "is_domestic": False,
}


def mpan(number: int) -> str:
    return f"{1900000000000 + number}"


def every_event() -> list[dict[str, Any]]:
    """Each event that is read, of a Metering Point of its own, and what it needs before it."""
    known = [
        registered(f"R-{n}", event=event, mpan=mpan(n))
        for n in range(12)
        for event in ["InitialRegistration" if n % 2 else "ChangeOfSupplier"]
    ]
    later: dict[str, Any] = {"sent_at": "2026-09-01T10:00:00+00:00"}
    events = [
        appointed("MS", mpan=mpan(0), **later),
        appointed("DS", "SDS1", scenario="MCA", mpan=mpan(1), **later),
        ended("MS", mpan=mpan(2), **later),
        ended("DS", "SDS1", interface="IF-003", event="DSDeAppRM", mpan=mpan(3), **later),
        reversed_(mpan=mpan(4), **later),
        *(
            status(event, mpan=mpan(5 + n), **later)
            for n, event in enumerate(["MPANDisconnection", "CSSDeRegistration"])
        ),
        *(
            changed(column, value, since=None, mpan=mpan(7 + n), **later)
            for n, (column, value) in enumerate(NEW.items())
        ),
        status("MPANDisconnection", mpan=mpan(0), **later),
        status("MPANReconnection", mpan=mpan(0), sent_at="2026-09-01T11:00:00+00:00"),
    ]
    for each in known:  # the exact names, not the older ones
        supplier = each["payload"]["CustomBlock"]["B002"]
        supplier["supplierEffectiveFromDate"] = supplier.pop("incomingSupplierEffectiveFromDate")
    return [*known, *events]


def test_every_field_of_every_block_changes_nothing(tmp_path: Path) -> None:
    """The rows are those of messages that carry only what is read."""
    found = []
    for name in ("bare", "filled"):
        messages = every_event()
        folder = Folder(tmp_path / name)
        folder.put(NAME, lines(*(map(filled, messages) if name == "filled" else messages)))
        outcome = folder.only()
        assert folder.query(QUARANTINE) == []
        assert (outcome.accepted, outcome.lines) == (len(messages), len(messages))
        found.append([folder.query(sql) for sql in (REGISTRATION, APPOINTMENT, MIGRATION)])
    assert found[0] == found[1]
    assert [len(rows) for rows in found[0]] == [12, 4, 2]
    by_id = {row[0]: row for row in found[0][0]}
    assert by_id["R-5"][14] == "X"
    assert by_id["R-6"][13] == "T"
    assert by_id["R-7"][7] == "A"


@pytest.mark.parametrize(
    ("field", "block"),
    [
        ("incomingMeteringServiceMPID", "B014"),
        ("incomingMeteringServiceEffectiveFromDate", "B014"),
        ("marketSegmentIndicator", "B026"),
    ],
)
def test_a_field_of_another_name_is_not_read(tmp_path: Path, field: str, block: str) -> None:
    message = appointed()
    fields = message["payload"]["CustomBlock"][block]
    for name in (f"{field}s", field.lower(), field.removeprefix("incoming")):
        if name != field:
            fields[name] = fields[field]
    del fields[field]
    folder = Folder(tmp_path)
    folder.put(NAME, lines(message))
    assert folder.only().quarantined == 1
    ((_, reason, _),) = folder.query(QUARANTINE)
    assert reason == "MISSING_VALUE"


@pytest.mark.parametrize("column", CHANGES)
def test_a_change_sets_the_newest_registration(tmp_path: Path, column: str) -> None:
    folder = Folder(tmp_path)
    folder.put(
        NAME,
        lines(
            registered("R-1", "2026-08-01T00:00:00+01:00", sent_at="2026-09-01T08:00:00+00:00"),
            registered("R-2", "2026-09-01T00:00:00+01:00", sent_at="2026-09-01T08:00:00+00:00"),
            changed(column, NEW[column]),
            changed(column, NEW[column], mpan="2000000000015"),
            changed(column, None, since=None, sent_at="2026-09-01T10:00:00+00:00"),
        ),
    )
    assert folder.only().accepted == 4
    assert folder.query(QUARANTINE) == [(5, "MISSING_VALUE", column)]
    rows = folder.query(f"SELECT registration_id, {column} FROM raw.registration ORDER BY 1")
    assert rows[1] == ("R-2", NEW[column])
    assert rows[0][1] != NEW[column]
    folder.put(
        "dip_events_delta_20260902.jsonl",
        lines(registered("R-2", "2026-09-01T00:00:00+01:00")),
    )
    folder.load()
    rows = folder.query(f"SELECT registration_id, {column} FROM raw.registration ORDER BY 1")
    assert rows[1][1] == rows[0][1], "a registration says all of it anew"


def test_changes_there_and_back_in_one_file_all_count(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    said = [("MPANDisconnection", 1), ("MPANReconnection", 2), ("MPANDisconnection", 3)]
    messages = [status(event, sent_at=f"2026-09-01T1{hour}:00:00+00:00") for event, hour in said]
    folder.put(NAME, lines(registered(), *messages))
    outcome = folder.only()
    assert (outcome.quarantined, outcome.accepted + outcome.repeated) == (0, 4)
    assert folder.query("SELECT mp_status FROM raw.registration") == [("X",)]
    folder.put("dip_events_delta_20260902.jsonl", lines(status("MPANReconnection")))
    folder.load()
    assert folder.query("SELECT mp_status FROM raw.registration") == [("R",)]


def test_a_change_before_and_after_a_switch_sets_both(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.put(
        NAME,
        lines(
            registered("R-1", sent_at="2026-09-01T08:00:00+00:00"),
            changed("market_segment", "A", sent_at="2026-09-01T09:00:00+00:00"),
            registered("R-2", "2026-10-01T00:00:00+01:00", sent_at="2026-09-01T10:00:00+00:00"),
            changed(
                "market_segment",
                "A",
                "2026-10-01T00:00:00+01:00",
                sent_at="2026-09-01T11:00:00+00:00",
            ),
        ),
    )
    folder.load()
    assert folder.query("SELECT market_segment FROM raw.registration") == [("A",), ("A",)]


def test_the_delta_of_the_extract_and_a_new_full_come_after_changes(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    header = (
        "registration_id,mpan,supplier_mpid,registration_type,registration_status,effective_from,"
        "market_segment,gsp_group_id,rmp_status,mp_status"
    )
    row = f"R-1,{MPAN},ALDR,INITIAL,ACTIVE,2026-01-01,S,_J,O,R"
    folder.put("registration_full_20260831.csv", f"{header}\n{row}\n".encode())
    folder.put(NAME, lines(changed("market_segment", "A")))
    folder.load()
    segment = "SELECT market_segment FROM raw.registration"
    assert folder.query(segment) == [("A",)]
    delta = f"change_type,{header}\nU,{row}\n".encode()
    folder.put("registration_delta_20260901.csv", delta)
    folder.load()
    assert folder.query(segment) == [("S",)]
    folder.put("dip_events_delta_20260902.jsonl", lines(changed("market_segment", "U")))
    folder.load()
    assert folder.query(segment) == [("U",)]
    folder.put("registration_full_20260903.csv", f"{header}\n{row}\n".encode())
    folder.load()
    assert folder.query(segment) == [("S",)]


def test_a_file_supplied_again_takes_the_place_of_its_changes(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.put("dip_events_delta_20260831.jsonl", lines(registered()))
    folder.put(NAME, lines(changed("market_segment", "A")))
    folder.load()
    folder.put(NAME, lines(changed("energisation_status", "D")))
    folder.load()
    assert folder.query("SELECT market_segment, energisation_status FROM raw.registration") == [
        ("S", "D")
    ]


def test_rows_loaded_before_heads_were_checked_are_still_read(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.put(NAME, lines(registered(), status()))
    folder.load()
    (rows,) = folder.warehouse.glob("lake/dip/*.parquet")
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE old AS FROM '{rows}'")
        connection.execute('ALTER TABLE old DROP "interfaceID"')
        connection.execute('ALTER TABLE old DROP "eventCode"')
        connection.execute(f"COPY old TO '{rows}' (FORMAT parquet)")
    assert folder.query("SELECT mp_status FROM raw.registration") == [("X",)]


def test_a_quality_indicator_hides_no_registration(tmp_path: Path) -> None:
    """From end to end: the gain of a Metering Point with all that the public examples carry."""
    folder = Folder(tmp_path)
    content = (FAULTS / "dip_if001_with_quality_indicator.jsonl").read_bytes()
    folder.put("dip_events_delta_20261102.jsonl", content)
    where = ("--landing", folder.landing, "--warehouse", folder.warehouse)
    pipeline("load", *where)
    assert folder.query("SELECT lines, accepted FROM raw.load") == [(1, 1)]
    assert folder.query(REGISTRATION)[0][:3] == ("REG-7", "1400000000172", "ZWHI")
    assert folder.query("SELECT annual_kwh::VARCHAR, is_domestic FROM raw.registration") == [
        ("2750.500", True)
    ]


def test_an_event_code_in_a_list_is_read(tmp_path: Path) -> None:
    """From end to end: a line of the file, not an ignored message. Its agent is missing.

    B015 calls the agent `incomingDataServiceMPID`; `dataServiceMPID` is no field of it.
    """
    folder = Folder(tmp_path)
    content = (FAULTS / "dip_event_code_in_a_list.jsonl").read_bytes()
    folder.put("dip_events_delta_20261005.jsonl", content)
    mended = content.replace(b"dataService", b"incomingDataService")
    folder.put("dip_events_delta_20261006.jsonl", mended)
    where = ("--landing", folder.landing, "--warehouse", folder.warehouse)
    pipeline("load", *where)
    assert folder.query("SELECT lines, accepted, ignored FROM raw.load ORDER BY file") == [
        (1, 0, 0),
        (1, 1, 0),
    ]
    assert folder.query("SELECT reason, column_name FROM raw.quarantined_row") == [
        ("MISSING_VALUE", "agent_mpid")
    ]
    assert folder.query(APPOINTMENT)[0][2:4] == ("SDS", "ZESK")
    assert folder.query("SELECT scenario, supplier_mpid FROM raw.migration") == [("MCA", "ZWHI")]
