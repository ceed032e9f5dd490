"""No test that cannot fail: each singular test of dbt on marts wrong in what it looks at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from pipeline.layout import large_database
from tests.command import PROJECT
from tests.short import short

CASE = PROJECT / "tests" / "golden" / "cases" / "migration_and_reverse"
SINGULAR = sorted(path.stem for path in (PROJECT / "tests" / "dbt" / "singular").glob("*.sql"))
WRONG = {
    "assert_every_reason_is_known": (
        "update large.marts.fct_exception set reason_code = null where rule_id = 'SUP-01'"
    ),
    "assert_gsp_groups_agree": (
        "update rpt_gsp_group_position set metering_points = metering_points + 1"
    ),
    "assert_points_agree": (
        "update rpt_m14_headline set live_metering_points = live_metering_points + 1"
    ),
    "assert_points_not_qualified_agree": (
        "update rpt_supplier_readiness set points_not_qualified = points_not_qualified + 1"
    ),
    "assert_position_is_the_holdings": (
        "update rpt_daily_position set annual_kwh = annual_kwh + 1"
    ),
    "assert_statuses_add_up": (
        "update rpt_m14_headline set suppliers_status_missed = suppliers_status_missed + 1"
    ),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build database of a golden case, of which every test has just passed."""
    warehouse = tmp_path_factory.mktemp("singular") / "warehouse"
    day = _as_of()
    where = ("--landing", CASE / "landing", "--warehouse", warehouse)
    short("run", *where, "--as-of", day, data_tests=True)
    return warehouse / "build" / "mhhs.duckdb"


def _as_of() -> str:
    return (CASE / "as_of.txt").read_text().strip()


def _failed(database: Path, folder: Path) -> set[str]:
    """The singular tests that fail on a build database."""
    subprocess.run(
        [
            *(sys.executable, "-c", "from dbt.cli.main import cli; cli()", "--quiet", "test"),
            *("--select", "path:tests/dbt/singular", "--target-path", str(folder)),
            *("--vars", json.dumps({"as_of": _as_of()})),
        ],
        cwd=PROJECT,
        env=os.environ | {"MHHS_BUILD_DATABASE": str(database), "DBT_LOG_PATH": str(folder)},
        capture_output=True,
        check=False,
    )
    results = json.loads((folder / "run_results.json").read_text("utf-8"))["results"]
    assert len(results) == len(SINGULAR)
    assert {result["status"] for result in results} <= {"pass", "fail"}
    return {row["unique_id"].split(".")[2] for row in results if row["status"] == "fail"}


def test_each_has_marts_that_are_wrong() -> None:
    assert sorted(WRONG) == SINGULAR


def test_each_fails_on_them_and_on_them_alone(built: Path, tmp_path: Path) -> None:
    assert _failed(built, tmp_path) == set()
    with closing(duckdb.connect(str(built))) as connection:
        connection.execute(f"attach '{large_database(built)}' as large; use marts")
        for statement in WRONG.values():
            connection.execute(statement)
    assert _failed(built, tmp_path) == set(SINGULAR)
