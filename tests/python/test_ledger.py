"""The exception ledger: an exception's life, whatever was lost or damaged.

That the order in which days were built does not matter is shown in `test_ledger_random.py`.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.layout import Warehouse
from pipeline.ledger import is_whole, restore
from tests.command import PROJECT
from tests.short import short

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
    short("publish", "--warehouse", warehouse, "--as-of", day)


def history(warehouse: Path) -> list[tuple[Any, ...]]:
    """The history of the newest as-of day."""
    newest = max((warehouse / "published").glob("*.duckdb"))
    with closing(duckdb.connect(str(newest), read_only=True)) as connection:
        return connection.execute(
            "SELECT * FROM marts.fct_exception_history ORDER BY ALL"
        ).fetchall()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as the days went by; the correction arrives on the second."""
    root = tmp_path_factory.mktemp("day_by_day")
    shutil.copytree(CASE, root / "landing")
    for day in (FIRST, SECOND, THIRD):
        if day == SECOND:
            correct(root / "landing")
        short("load", "--landing", root / "landing", "--warehouse", root / "warehouse")
        build(root / "warehouse", day)
    return root / "warehouse"


@pytest.fixture
def warehouse(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "warehouse")
    return tmp_path / "warehouse"


def test_the_history_tells_what_came_and_went(made: Path) -> None:
    told = history(made)
    assert len(told) == len({row[:2] for row in told})
    ended = [row for row in told if row[2] != OPEN_END]
    assert {(str(row[2]), row[-1]) for row in ended} == {(SECOND, "CORRECTION")}
    assert {str(row[1]) for row in told} >= {FIRST}
    newest = max((made / "published").glob("*.duckdb"))
    with closing(duckdb.connect(str(newest), read_only=True)) as connection:
        (standing,) = connection.execute(
            "SELECT count(*) FILTER (detected_to = '9999-12-31'), "
            "(SELECT count(*) FROM marts.fct_exception WHERE status <> 'CLOSED') "
            "FROM marts.fct_exception_history"
        ).fetchall()
    assert standing[0] == standing[1] > 0


def test_the_ledger_outlives_builds_and_publications(made: Path, warehouse: Path) -> None:
    shutil.rmtree(warehouse / "build")
    shutil.rmtree(warehouse / "published")
    build(warehouse, THIRD)
    assert history(warehouse) == history(made)


def test_what_a_kill_prevented_or_somebody_damaged_is_written_again(warehouse: Path) -> None:
    """As long as its publication is kept."""
    ledger = warehouse / "history" / "exceptions"
    first, second, third = sorted(ledger.glob("*.parquet"))
    contents = {path: path.read_bytes() for path in (first, second, third)}
    first.unlink()
    second.write_bytes(contents[second][:200])
    third.write_bytes(contents[third].replace(b"RECORDED", b"REKORDED"))
    (ledger / ".leftover.part").write_bytes(b"half")
    causes = sorted((warehouse / "history" / "causes").glob("*.parquet"))
    assert len(causes) == 2
    causes[0].write_bytes(b"nothing")

    assert not is_whole(second)
    restore(Warehouse(warehouse))
    assert {path: path.read_bytes() for path in sorted(ledger.iterdir())} == contents
    assert not causes[0].exists()


def test_verify_names_a_damaged_record(warehouse: Path) -> None:
    last = max((warehouse / "history" / "exceptions").glob("*.parquet"))
    content = bytearray(last.read_bytes())
    content[len(content) // 3] ^= 0xFF
    last.write_bytes(content)
    done = short("verify", "--all", "--warehouse", warehouse, expect=3)
    assert f"history/exceptions/{last.name} is not as it was written" in done.stderr


def test_a_damaged_record_without_its_publication_stops_the_build(
    made: Path, warehouse: Path
) -> None:
    ledger, published = warehouse / "history" / "exceptions", warehouse / "published"
    first = min(ledger.glob("*.parquet"))
    whole = first.read_bytes()
    first.write_bytes(whole[:-100])
    for path in published.glob(f"{first.stem}.*"):
        path.unlink()
    done = short("publish", "--warehouse", warehouse, "--as-of", THIRD, expect=3)
    assert f"{first.name} is damaged, and its publication is no longer kept" in done.stderr
    assert len(list(published.glob("*.duckdb"))) == 2
    first.write_bytes(whole)
    build(warehouse, THIRD)
    assert history(warehouse) == history(made)
