"""The golden cases: loads and quarantine of every file, as of the day of the case."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipeline.intake import create_state_views, load

CASES = Path(__file__).parents[1] / "golden" / "cases"
LOADS = "file, kind, business_date, outcome, error, lines, accepted, quarantined, repeated"


@pytest.mark.parametrize("case", sorted(p.name for p in CASES.iterdir()))
def test_golden_case(case: str, tmp_path: Path) -> None:
    folder = CASES / case
    load(folder / "landing", tmp_path)
    as_of = date.fromisoformat((folder / "as_of.txt").read_text().strip())
    with duckdb.connect() as connection:
        create_state_views(connection, tmp_path, as_of)
        loads = connection.execute(f"SELECT {LOADS} FROM raw.load ORDER BY file").fetchall()
        rows = connection.execute(
            "SELECT file, line, reason, column_name FROM raw.quarantined_row ORDER BY file, line"
        ).fetchall()
    assert _texts(loads) == sorted(_expected(folder / "expected_loads.csv"))
    assert _texts(rows) == _expected(folder / "expected_quarantined.csv")


def _texts(rows: list[tuple[object, ...]]) -> list[list[str]]:
    return [["" if value is None else str(value) for value in row] for row in rows]


def _expected(path: Path) -> list[list[str]]:
    with path.open(newline="") as stream:
        return list(csv.reader(stream))[1:]
