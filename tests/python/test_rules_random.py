"""The rules, checked twice: the evaluator beside the golden cases, and beside the warehouse.

The evaluator in `oracle/` counts day by day from the words of the rules. Here it must find what the
golden cases expect, and then the same as the warehouse on random markets, row by row, mart by mart.

    MHHS_RANDOM_MARKETS=2000 pytest tests/python/test_rules_random.py    more markets
    MHHS_RANDOM_SEED=7       pytest tests/python/test_rules_random.py    other markets
"""

from __future__ import annotations

import csv
import json
import os
from datetime import date
from pathlib import Path

import duckdb
import pytest
from oracle import evaluate
from oracle.compare import differences, write_landing
from oracle.marts import fct_exception
from oracle.random_markets import random_landing

from tests.short import short

PROJECT = Path(__file__).parents[2]
CASES = PROJECT / "tests" / "golden" / "cases"
INTAKE_CASES = {"intake"}

MARKETS = int(os.environ.get("MHHS_RANDOM_MARKETS", "180"))
SEED = int(os.environ.get("MHHS_RANDOM_SEED", "1"))
MARKETS_PER_BUILD = 60
BUILDS = -(-MARKETS // MARKETS_PER_BUILD)
AS_OF_DAYS = [
    date(2026, 10, 28),
    date(2025, 9, 15),
    date(2026, 12, 1),
    date(2026, 10, 27),
    date(2025, 10, 22),
    date(2026, 10, 29),
    date(2026, 3, 29),
    date(2024, 6, 1),
    date(2026, 10, 2),
    date(2025, 10, 21),
    date(2025, 11, 30),
    date(2027, 5, 10),
]


@pytest.mark.parametrize(
    "case", sorted(path.name for path in CASES.iterdir() if path.name not in INTAKE_CASES)
)
def test_evaluator_agrees_with_golden_case(case: str) -> None:
    folder = CASES / case
    extracts = {path.parent.name: _rows(path) for path in folder.glob("landing/*/*_full_*.csv")}
    found = fct_exception(evaluate(extracts, (folder / "as_of.txt").read_text().strip()))
    expected = _rows(folder / "expected_exceptions.csv")
    assert sorted([_text(row[name]) for name in expected[0]] for row in found) == sorted(
        list(row.values()) for row in expected
    )


@pytest.mark.parametrize("build", range(BUILDS))
def test_warehouse_agrees_with_evaluator(
    build: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_of = AS_OF_DAYS[build % len(AS_OF_DAYS)]
    monkeypatch.setenv("MHHS_TODAY", str(as_of))
    numbers = range(build * MARKETS_PER_BUILD, (build + 1) * MARKETS_PER_BUILD)
    landing = random_landing(numbers, SEED, as_of)
    write_landing(landing, tmp_path / "landing", as_of)
    publication = _publish(tmp_path, as_of)
    _assert_identities(publication)
    found = differences(evaluate(landing, str(as_of)), publication)
    assert not found, f"{len(found)} differences as of {as_of}\n" + "\n".join(map(str, found[:20]))


def _publish(folder: Path, as_of: date) -> Path:
    """Load, build, test and publish; the path of the publication."""
    where = ("--landing", folder / "landing", "--warehouse", folder / "warehouse")
    done = short("run", *where, "--as-of", str(as_of), "--json", data_tests=True)
    return Path(json.loads(done.stdout)["path"])


def _assert_identities(publication: Path) -> None:
    """No line lost; points, and those of Suppliers that are not Qualified, counted in every way."""
    with duckdb.connect(str(publication), read_only=True) as connection:

        def count(query: str) -> int:
            return connection.execute(query).fetchall()[0][0] or 0

        assert not count("select count(*) from marts.rpt_load where lines <> accepted")
        live = count("select live_metering_points from marts.rpt_m14_headline")
        assert live == count("select count(*) from marts.dim_metering_point where is_live")
        assert live == count(
            "select sum(metering_points) from marts.rpt_daily_position"
            " where date_day = (select as_of from marts.rpt_m14_headline)"
        )
        not_qualified = count("select points_not_qualified from marts.rpt_m14_headline")
        assert not_qualified == count(
            "select count(*) from marts.fct_exception where rule_id = 'SUP-01' and status = 'OPEN'"
        )
        assert not_qualified == count(
            "select sum(points_not_qualified) from marts.rpt_supplier_readiness"
        )


def _rows(path: Path) -> list[dict[str, str | None]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _text(value: object) -> str:
    """A value as the golden files write it."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
