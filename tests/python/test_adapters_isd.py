"""Industry Standing Data, entity M16: read as rows of `participant`."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.python.intake_folder import Folder, refused

JSON = "isd_m16_full_20260901.json"
CSV = "isd_m16_full_20260901.csv"
PARTICIPANT = (
    "SELECT mpid, market_role, participant_name, company_number, dip_id, distributor_id, "
    "effective_from, effective_to FROM raw.participant ORDER BY ALL"
)
QUARANTINE = "SELECT line, reason, column_name FROM raw.quarantined_row ORDER BY line"
HEAD = (
    "ISDEntityM16,DIP Participant Role Mapping,12,2026-08-30\r\n"
    "Market Participant ID,Market Participant Role Code,DIP Participant ID,DIP Role Code,"
    "Effective From Date {MP2DPM},Effective To Date {MP2DPM},Changed\r\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def detail(mpid: str = "ALDR", role: Any = "SUP", since: Any = "2026-01-01", to: Any = None) -> Any:
    return {
        "MPID": mpid,
        "marketRole": "X",
        "DIPID": "1000000001",
        "DIPRole": role,
        "datetimeFrom": since,
        "datetimeTo": to,
    }


def company(*details: Any, number: Any = "01234567", name: Any = "Alder Energy") -> Any:
    return {"companyRegNumber": number, "companyName": name, "companyDetails": list(details)}


def take(folder: Folder, companies: Any) -> Any:
    folder.put(JSON, json.dumps(companies).encode())
    return folder.only()


@pytest.mark.parametrize(("number", "text"), [("01234567", "01234567"), (1234567, "1234567")])
@pytest.mark.parametrize("is_wrapped", [False, True])
def test_a_company(folder: Folder, number: Any, text: str, is_wrapped: bool) -> None:
    whole = company(detail("A0XO"), detail("ALDR", "MSS", "2026-01-01T00:00:00"), number=number)
    assert take(folder, [{"payload": whole} if is_wrapped else whole]).accepted == 2
    about = ("Alder Energy", text, "1000000001", None, date(2026, 1, 1), None)
    assert folder.query(PARTICIPANT) == [("A0XO", "SUP", *about), ("ALDR", "MSS", *about)]


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-07-01T23:00:00Z", date(2026, 7, 2)),
        ("2026-07-01T22:59:59Z", date(2026, 7, 1)),
        ("2026-07-01T23:00:00", date(2026, 7, 1)),
        ("2026-12-31T23:59:59+00:00", date(2026, 12, 31)),
        ("2027-01-01T00:30:00+01:00", date(2026, 12, 31)),
        ("2026-07-01", date(2026, 7, 1)),
    ],
)
def test_the_uk_date_of_a_datetime(folder: Folder, moment: str, day: date) -> None:
    take(folder, [company(detail(since="2026-01-01T00:00:00", to=moment))])
    assert folder.query("SELECT effective_to FROM raw.participant") == [(day,)]


@pytest.mark.parametrize(
    ("broken", "reason", "column"),
    [
        (company(detail(role="XYZ")), "BAD_VALUE", "market_role"),
        (company(detail(role=None)), "MISSING_VALUE", "market_role"),
        (company(detail("aldr")), "BAD_FORMAT", "mpid"),
        (company(detail(), name=None), "MISSING_VALUE", "participant_name"),
        (company(detail(since="soon")), "BAD_FORMAT", "effective_from"),
        (company(detail(to="2025-12-31")), "BAD_INTERVAL", "effective_to"),
        (company("ALDR"), "FIELD_COUNT", None),
        ({"companyName": "Alder Energy"}, "FIELD_COUNT", None),
        (None, "FIELD_COUNT", None),
    ],
)
def test_what_cannot_be_read(folder: Folder, broken: Any, reason: str, column: str | None) -> None:
    outcome = take(folder, [company(detail("GOOD")), broken])
    assert (outcome.lines, outcome.accepted, outcome.quarantined) == (2, 1, 1)
    assert folder.query(QUARANTINE) == [(2, reason, column)]
    (text,) = folder.query("SELECT row_text FROM raw.quarantined_row")[0]
    json.loads(text)


def test_repeated_rows_and_rows_of_one_key(folder: Folder) -> None:
    outcome = take(
        folder,
        [company(detail(), detail(), detail("BETA")), company(detail("BETA"), name="Beta")],
    )
    assert (outcome.accepted, outcome.quarantined, outcome.repeated) == (2, 1, 1)
    assert folder.query(QUARANTINE) == [(3, "DUPLICATE_KEY", None)]


def test_csv(folder: Folder) -> None:
    folder.put(
        CSV,
        (
            HEAD + "ALDR,X,1000000001,SUP,2026-01-01,,1\r\n"
            "A0XO,M,1000000002,MSS,2026-07-01T23:00:00+00:00,2026-12-31,0\r\n"
            "LDSO,R,1000000003,R,2026-01-01,,1\r\n"
            "SHRT,R\r\n"
        ).encode("utf-8-sig"),
    )
    outcome = folder.only()
    assert (outcome.lines, outcome.accepted, outcome.quarantined) == (4, 2, 2)
    assert folder.query(PARTICIPANT) == [
        ("A0XO", "MSS", "A0XO", None, "1000000002", None, date(2026, 7, 2), date(2026, 12, 31)),
        ("ALDR", "SUP", "ALDR", None, "1000000001", None, date(2026, 1, 1), None),
    ]
    assert folder.query("SELECT line, reason, column_name, row_text FROM raw.quarantined_row") == [
        (5, "BAD_VALUE", "market_role", "LDSO,R,1000000003,R,2026-01-01,,1"),
        (6, "FIELD_COUNT", None, "SHRT,R"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("isd_m16_delta_20260901.json", b"[]", "BAD_NAME"),
        ("isd_m18_full_20260901.json", b"[]", "BAD_NAME"),
        ("isd_m16_full_20260901.parquet", b"[]", "BAD_NAME"),
        (JSON, b"", "EMPTY"),
        (JSON, b"{}", "UNREADABLE"),
        (JSON, b"[{]", "UNREADABLE"),
        (JSON, b'["\xff"]', "BAD_ENCODING"),
        (CSV, b"", "EMPTY"),
        (CSV, b"ISDEntityM18,Roles,1,2\na,b\n", "MISSING_COLUMN"),
        (CSV, b"ISDEntityM16,Roles,1,2\n", "MISSING_COLUMN"),
        (CSV, b"ISDEntityM16,Roles,1,2\nMarket Participant ID,DIP Role Code\n", "MISSING_COLUMN"),
        (CSV, HEAD.encode() + b'"ALDR', "UNREADABLE"),
        (CSV, HEAD.encode() + b"\xff", "BAD_ENCODING"),
        (JSON + ".gz", gzip.compress(b"[" + b" " * 9999 + b"]", mtime=0)[:-9], "UNREADABLE"),
    ],
)
def test_files_that_are_refused(folder: Folder, name: str, content: bytes, code: str) -> None:
    folder.put(name, content)
    refused(folder.only(), code)


def test_of_one_day_the_file_of_the_extract_is_the_later(folder: Folder) -> None:
    take(folder, [company(detail("ISDX"))])
    head = b"mpid,market_role,participant_name,effective_from\n"
    folder.put("participant_full_20260901.csv", head + b"OWNX,SUP,Own,2026-01-01\n")
    folder.load()
    assert folder.query("SELECT mpid FROM raw.participant") == [("OWNX",)]
    folder.put("isd_m16_full_20260902.json", json.dumps([company(detail("NEWX"))]).encode())
    folder.load()
    assert folder.query("SELECT mpid FROM raw.participant") == [("NEWX",)]
    assert folder.query("SELECT mpid FROM raw.participant", date(2026, 9, 1)) == [("OWNX",)]


def test_a_shrunk_file_is_measured_against_its_own_kind(folder: Folder) -> None:
    head = b"mpid,market_role,participant_name,effective_from\n"
    rows = b"".join(f"P{i:03},SUP,Own,2026-01-01\n".encode() for i in range(100))
    folder.put("participant_full_20260801.csv", head + rows)
    take_both = [company(detail("ISDX"), detail("ISDY"))]
    folder.put(JSON, json.dumps(take_both).encode())
    folder.put("isd_m16_full_20260902.json", json.dumps([company(detail("ISDX"))]).encode())
    outcomes = {o.file: o.error for o in folder.load().files}
    assert outcomes[f"isd/{JSON}"] is None
    assert outcomes["isd/isd_m16_full_20260902.json"] == "SHRUNK"
