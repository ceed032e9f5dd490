"""The exception ledger: an exception's life, however its days were built and whatever was lost."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.command import PROJECT, pipeline

CASE = PROJECT / "tests" / "golden" / "cases" / "switch_at_m14" / "landing"
FIRST, SECOND, THIRD = "2026-11-10", "2026-11-11", "2026-11-12"
OPEN_END = date(9999, 12, 31)


def correct(landing: Path) -> None:
    """A file of the second day that takes a registration back."""
    folder = landing / "registration"
    head, *rows = next(folder.glob("*_full_*.csv")).read_text("utf-8").splitlines()
    name = folder / f"registration_delta_{SECOND.replace('-', '')}.csv"
    name.write_text(f"change_type,{head}\n" + "".join(f"D,{row}\n" for row in rows[:6]))


def build(warehouse: Path, day: str) -> None:
    pipeline("publish", "--warehouse", warehouse, "--as-of", day)


def history(warehouse: Path) -> list[tuple[Any, ...]]:
    """The history of the newest as-of day."""
    newest = max((warehouse / "published").glob("*.duckdb"))
    with closing(duckdb.connect(str(newest), read_only=True)) as connection:
        return connection.execute(
            "SELECT * FROM marts.fct_exception_history ORDER BY ALL"
        ).fetchall()


@pytest.fixture(scope="module")
def day_by_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as the days went by; the correction arrives on the second."""
    root = tmp_path_factory.mktemp("day_by_day")
    shutil.copytree(CASE, root / "landing")
    for day in (FIRST, SECOND, THIRD):
        if day == SECOND:
            correct(root / "landing")
        pipeline("load", "--landing", root / "landing", "--warehouse", root / "warehouse")
        build(root / "warehouse", day)
    return root / "warehouse"


def test_the_history_tells_what_came_and_went(day_by_day: Path) -> None:
    with closing(duckdb.connect()) as connection:
        told = history(day_by_day)
        assert len(told) == len({row[:2] for row in told})
        ended = [row for row in told if row[2] != OPEN_END]
        assert ended
        assert {str(row[2]) for row in ended} == {SECOND}
        assert {str(row[1]) for row in told} >= {FIRST}
        newest = max((day_by_day / "published").glob("*.duckdb"))
        connection.execute(f"ATTACH '{newest}' AS p (READ_ONLY)")
        standing = connection.execute(
            "SELECT count(*) FROM p.marts.fct_exception_history WHERE detected_to = '9999-12-31'"
        ).fetchall()
        assert (
            standing == connection.execute("SELECT count(*) FROM p.marts.fct_exception").fetchall()
        )


def test_days_caught_up_later_in_any_order_give_the_same_history(
    day_by_day: Path, tmp_path: Path
) -> None:
    shutil.copytree(CASE, tmp_path / "landing")
    correct(tmp_path / "landing")
    warehouse = tmp_path / "warehouse"
    pipeline("load", "--landing", tmp_path / "landing", "--warehouse", warehouse)
    for day in (SECOND, FIRST, THIRD):
        build(warehouse, day)
    assert history(warehouse) == history(day_by_day)


def test_the_ledger_outlives_builds_and_publications(day_by_day: Path) -> None:
    told = history(day_by_day)
    shutil.rmtree(day_by_day / "build")
    shutil.rmtree(day_by_day / "published")
    build(day_by_day, THIRD)
    assert history(day_by_day) == told


def test_a_ledger_file_that_a_kill_prevented_is_written_by_the_next_build(
    day_by_day: Path,
) -> None:
    build(day_by_day, SECOND)
    build(day_by_day, THIRD)
    told = history(day_by_day)
    ledger = day_by_day / "history" / "exceptions"
    lost = max(path for path in ledger.glob(f"{SECOND.replace('-', '')}*"))
    lost.unlink()
    (ledger / ".leftover.part").write_bytes(b"half")
    build(day_by_day, THIRD)
    assert lost.exists()
    assert not (ledger / ".leftover.part").exists()
    assert history(day_by_day) == told
