"""Parquet: native types that give the right text, and what gives none."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.python.intake_folder import COLUMNS, Folder, parquet_bytes, refused


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_native_types_of_parquet(folder: Folder) -> None:
    moment = datetime(2026, 7, 1, 23, 0, 0, 5, tzinfo=timezone(timedelta(hours=1)))
    names = ["registration_id", "registration_type", "registration_status", "market_segment"]
    columns: dict[str, Any] = {
        **dict(zip(names, (["R1", "R2"], ["INITIAL"] * 2, ["ACTIVE"] * 2, ["S"] * 2), strict=True)),
        "mpan": pa.array([1012345678901, 12345678901], pa.int64()),
        "supplier_mpid": pa.array([b"ZALL"] * 2, pa.binary()),
        "effective_from": pa.array([date(2026, 1, 1)] * 2),
        "effective_to": pa.array([datetime(2026, 1, 2), None], pa.timestamp("ns")),
        "requested_at": pa.array([moment, None], pa.timestamp("us", tz="UTC")),
        "gsp_group_id": pa.array(["_A"] * 2).dictionary_encode(),
        "is_domestic": [True, None],
        "rmp_status": ["O"] * 2,
        "mp_status": ["R"] * 2,
        "annual_kwh": pa.array([1500.5, None], pa.float64()),
        "Mpan": ["no column of ours"] * 2,
    }
    folder.put("registration_full_20260101.parquet", parquet_bytes(columns))
    outcome = folder.only()
    assert (outcome.accepted, outcome.unknown_columns) == (1, "Mpan")
    (row,) = folder.query(
        "SELECT mpan, supplier_mpid, effective_from, effective_to, epoch_us(requested_at), "
        "gsp_group_id, is_domestic, annual_kwh FROM raw.registration"
    )
    assert row == (
        1012345678901, "ZALL", date(2026, 1, 1), date(2026, 1, 2),
        int(moment.timestamp()) * 1_000_000 + 5, "_A", True, Decimal("1500.500"),
    )  # fmt: skip
    ((line, reason, column, text),) = folder.query(
        "SELECT line, reason, column_name, row_text FROM raw.quarantined_row"
    )
    assert (line, reason, column) == (3, "BAD_FORMAT", "mpan")
    assert text.startswith("R2,INITIAL,ACTIVE,S,12345678901,ZALL,2026-01-01,,")


@pytest.mark.parametrize(
    ("mpan", "good"),
    [
        (pa.array([1012345678901.0]), True),
        (pa.array([Decimal("1012345678901.00")]), True),
        (pa.array(["1012345678901"]).dictionary_encode(), True),
        (pa.array([1012345678901.5]), False),
        (pa.array([float("nan")]), False),
        (pa.array([[1012345678901]]), False),
        (pa.array([{"a": 1}]), False),
        (pa.array([True]), False),
        (pa.nulls(1), False),
        (pa.array([b"\x00\x01"]), False),
        (pa.array([1012345678901.0], pa.float32()), False),  # it holds 1012345700000 or so
    ],
)
def test_odd_types_of_parquet(folder: Folder, mpan: pa.Array, good: bool) -> None:
    folder.put("migration_full_20260101.parquet", parquet_bytes({**COLUMNS, "mpan": mpan}))
    outcome = folder.only()
    assert (outcome.outcome, outcome.accepted) == ("accepted", int(good)), outcome.detail


def test_numbers_that_would_be_read_as_others_are_refused(folder: Folder) -> None:
    """DuckDB reads other numbers out of decimals of more than 38 digits."""
    wide = pa.array([Decimal(1012345678901)], pa.decimal256(50, 0))
    folder.put("migration_full_20260101.parquet", parquet_bytes({**COLUMNS, "mpan": wide}))
    refused(folder.only(), "UNREADABLE")


def test_bytes_in_an_unknown_column_are_nobody_s_text(folder: Folder) -> None:
    columns = {name: values * 2 for name, values in COLUMNS.items()}
    columns["picture"] = pa.array([b"\xff", b"\xfe"], pa.binary())
    folder.put("migration_full_20260101.parquet", parquet_bytes(columns))
    outcome = folder.only()
    assert (outcome.accepted, outcome.quarantined) == (1, 1), outcome.detail
    assert folder.query("SELECT row_text FROM raw.quarantined_row") == [
        ("1012345678901,FORWARD,2026-01-01,\\xFF",)
    ]


def test_instants_and_days_that_parquet_leaves_open(folder: Folder) -> None:
    """A day with a time of day is no date."""
    for number, value in enumerate([datetime(2026, 1, 1, 5), datetime(2026, 1, 1)], start=1):
        columns = {**COLUMNS, "effective_from": pa.array([value], pa.timestamp("ms"))}
        folder.put(f"migration_full_2026010{number}.parquet", parquet_bytes(columns))
    assert [outcome.accepted for outcome in folder.load().files] == [0, 1]


def test_no_rows_and_no_columns(folder: Folder) -> None:
    empty = {name: pa.array([], pa.string()) for name in COLUMNS}
    folder.put("migration_full_20260101.parquet", parquet_bytes(empty))
    folder.put("migration_full_20260102.parquet", parquet_bytes({}))
    rows, columns = folder.load().files
    assert (rows.outcome, rows.lines) == ("accepted", 0)
    refused(columns, "UNREADABLE")


def test_an_unknown_column_by_the_name_of_a_virtual_one(folder: Folder) -> None:
    columns = {**COLUMNS, "file_row_number": [7], "filename": ["x"], "ordinal": [3]}
    columns = {name: values * 2 for name, values in columns.items()}
    folder.put("migration_full_20260101.parquet", parquet_bytes(columns))
    outcome = folder.only()
    assert (outcome.accepted, outcome.repeated) == (1, 1), outcome.detail


ODD_COLUMNS = {
    "struct": pa.array([{"a": 1}, {"a": 1}, {"a": 2}]),
    "list": pa.array([[1, 2], [1, 2], []]),
    "map": pa.array([[("k", 1)], [("k", 1)], []], pa.map_(pa.string(), pa.int64())),
    "blob": pa.array([b"\xff\x00", b"\xff\x00", b"\xff"], pa.binary()),
    "half": pa.array([1.5, 1.5, 2.5], pa.float32()).cast(pa.float16()),
    "duration": pa.array([1, 1, 2], pa.duration("us")),
    "wide": pa.array([Decimal(10**60), Decimal(10**60), Decimal(10**60 + 1)], pa.decimal256(76, 5)),
    "nested": pa.array([{"a": Decimal(1)}, {"a": Decimal(1)}, None]).cast(
        pa.struct([("a", pa.decimal256(50, 2))])
    ),
}


@pytest.mark.parametrize("odd", ODD_COLUMNS)
def test_an_unknown_column_of_an_odd_type_is_ignored_and_named(folder: Folder, odd: str) -> None:
    """Its text tells lines that are alike to the letter from those that only share a key."""
    table = {name: values * 3 for name, values in COLUMNS.items()} | {"odd": ODD_COLUMNS[odd]}
    folder.put("migration_full_20260101.parquet", parquet_bytes(table))
    outcome = folder.only()
    assert (outcome.error, outcome.unknown_columns) == (None, "odd")
    assert (outcome.accepted, outcome.repeated, outcome.quarantined) == (1, 1, 1)


def test_a_known_column_with_too_many_digits_is_refused(folder: Folder) -> None:
    table = COLUMNS | {"supplier_mpid": pa.array([Decimal(1)], pa.decimal256(50, 2))}
    folder.put("migration_full_20260101.parquet", parquet_bytes(table))
    assert folder.only().error == "UNREADABLE"
