"""A bad attribute never hides a Metering Point: end to end, from a file to its mart."""

from __future__ import annotations

import gzip
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.contracts import REGISTRATION, Kind
from pipeline.intake.rehearsal import check
from tests.command import pipeline, publication
from tests.python import intake_oracle as oracle
from tests.python.intake_folder import Folder, parquet_bytes
from tests.short import short

ROW = {
    "registration_id": "R1",
    "mpan": "1012345678901",
    "supplier_mpid": "ZALL",
    "registration_type": "INITIAL",
    "registration_status": "ACTIVE",
    "effective_from": "2026-01-01",
    "market_segment": "S",
    "connection_type": "W",
    "gsp_group_id": "_A",
    "ldso_mpid": "EELC",
    "energisation_status": "E",
    "is_domestic": "T",
    "rmp_status": "O",
    "mp_status": "R",
    "annual_kwh": "1",
}
BAD = {
    "connection_type": ("BAD_VALUE", "Z"),
    "ldso_mpid": ("BAD_FORMAT", "1012345678901"),
    "energisation_status": ("BAD_VALUE", 'e,"\n:'),
    "is_domestic": ("BAD_FORMAT", "yes"),
    "annual_kwh": ("BAD_VALUE", "-0.0001"),
}
NOTED = "SELECT line, column_name, reason, value FROM raw.noted_value"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def _csv(*rows: dict[str, str]) -> bytes:
    def cell(value: str) -> str:
        return '"' + value.replace('"', '""') + '"' if set(value) & set(',"\n') else value

    return "".join(
        ",".join(map(cell, each)) + "\n" for each in (ROW.keys(), *(r.values() for r in rows))
    ).encode()


def _rows() -> list[dict[str, str]]:
    """A good row, one with each bad value, one with all of them, one with a worse fault."""
    rows = [ROW]
    for number, (name, (_, value)) in enumerate(BAD.items()):
        rows.append(ROW | {"registration_id": f"B{number}", name: value})
    every = {name: value for name, (_, value) in BAD.items()}
    rows.append(ROW | {"registration_id": "ALL"} | every)
    rows.append(ROW | {"registration_id": "WORSE", "mpan": "x"} | every)
    return rows


@pytest.mark.parametrize("ext", ["csv", "csv.gz", "parquet"])
def test_it_becomes_null_and_is_noted(folder: Folder, ext: str) -> None:
    rows = _rows()
    content = {
        "csv": _csv,
        "csv.gz": lambda *each: gzip.compress(_csv(*each)),
        "parquet": lambda *each: parquet_bytes({n: [row[n] for row in each] for n in ROW}),
    }[ext](*rows)
    folder.put(f"registration_full_20260101.{ext}", content)
    outcome = folder.only()
    assert (outcome.accepted, outcome.quarantined, outcome.noted) == (7, 1, 10)
    assert "10 values replaced by null, see fct_noted_value" in outcome.detail
    found = folder.query(NOTED)
    lines = sorted({line for line, *_ in found})
    assert [(c, r, v) for line, c, r, v in found if line == lines[-1]] == [
        (name, *BAD[name]) for name in BAD
    ]
    names = ", ".join(BAD)
    assert folder.query(f"SELECT {names} FROM raw.registration WHERE registration_id = 'ALL'") == [
        (None,) * 5
    ]
    assert folder.query("SELECT count(*) FROM raw.registration WHERE connection_type IS NULL") == [
        (2,)
    ]


def test_neither_repeated_nor_quarantined_lines_note_anything(folder: Folder) -> None:
    bad = ROW | {"is_domestic": "yes"}
    other = bad | {"annual_kwh": "x"}
    folder.put("registration_full_20260101.csv", _csv(bad, bad, other, bad, ROW, bad))
    outcome = folder.only()
    assert (outcome.repeated, outcome.quarantined, outcome.accepted) == (3, 2, 1)
    assert folder.query(NOTED) == [(7, "is_domestic", "BAD_FORMAT", "yes")]


def test_a_delete_is_checked_by_its_key_alone(folder: Folder) -> None:
    rows = [
        {"change_type": change} | ROW | {"registration_id": change, "is_domestic": "yes"}
        for change in "UD"
    ]
    head = ",".join(rows[0])
    body = "\n".join(",".join(row.values()) for row in rows)
    folder.put("registration_delta_20260101.csv", f"{head}\n{body}\n".encode())
    assert folder.only().accepted == 2
    assert folder.query(NOTED) == [(2, "is_domestic", "BAD_FORMAT", "yes")]


def test_fast_path_and_checks_agree_in_a_large_file(folder: Folder) -> None:
    """Rows by the thousand, of which a few note something, in runs of both kinds."""
    odd = {5: "connection_type", 64: "annual_kwh", 4000: "ldso_mpid", 9999: "is_domestic"}
    rows = []
    for n in range(10_000):
        row = ROW | {"registration_id": f"R{n}", "mpan": f"10{n:011}"}
        if n in odd:
            row[odd[n]] = BAD[odd[n]][1]
        rows.append(row)
    content = _csv(*rows)
    folder.put("registration_full_20260101.csv", content)
    assert folder.only().noted == 4
    assert folder.query(NOTED) == oracle.read(content, "registration", "full").noted
    assert folder.query("SELECT count(*), count(annual_kwh) FROM raw.registration") == [
        (10_000, 9_999)
    ]


def test_the_list_of_the_contract() -> None:
    assert [column.name for column in REGISTRATION.columns if column.noted] == list(BAD)
    assert all(column.kind is not Kind.MPAN for column in REGISTRATION.columns if column.noted)


def test_what_check_says(folder: Folder) -> None:
    path = folder.put("registration_full_20260101.csv", _csv(*_rows()[:-1]))
    rehearsed = check(path)
    assert rehearsed.is_clean
    assert rehearsed.noted["BAD_VALUE", "annual_kwh"] == 2
    said = pipeline("load", "--check", path).stdout
    assert "BAD_VALUE connection_type: replaced by null, the lines are kept" in said
    (document,) = json.loads(pipeline("load", "--check", path, "--json").stdout)
    assert document["noted"] == 10


def test_end_to_end(folder: Folder) -> None:
    folder.put("registration_full_20260101.csv", _csv(*_rows()))
    where = ("--landing", folder.landing, "--warehouse", folder.warehouse)
    short("run", *where, "--as-of", "2026-06-30")
    path = publication(folder.warehouse)
    with closing(duckdb.connect(str(path), read_only=True)) as connection:

        def ask(sql: str) -> list[tuple[Any, ...]]:
            return connection.execute(sql).fetchall()

        assert ask("select noted, quarantined from marts.rpt_load") == [(10, 1)]
        assert ask("select count(*), count(distinct line) from marts.fct_noted_value") == [(10, 6)]
        assert ask(
            "select difference from marts.rpt_reconciliation "
            "where identity_name = 'NOTED_VALUES_ARE_KEPT'"
        ) == [(0,)]
