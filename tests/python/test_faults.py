"""What is damaged, lost or set back, and what the next run makes of it: docs/operations.md."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.layout import Warehouse
from pipeline.publication import current, publications
from tests.command import PROJECT
from tests.short import short

CASE = PROJECT / "tests" / "golden" / "cases" / "integrity" / "landing"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    warehouse = tmp_path_factory.mktemp("sound") / "warehouse"
    short("run", "--landing", CASE, "--warehouse", warehouse)
    return warehouse


@pytest.fixture
def warehouse(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "warehouse")
    return tmp_path / "warehouse"


def run(warehouse: Path, expect: int = 0) -> str:
    return short("run", "--landing", CASE, "--warehouse", warehouse, expect=expect).stderr


def publication(warehouse: Path) -> Path:
    return current(Warehouse(warehouse)).path


def marts(warehouse: Path) -> object:
    """Checksums of the current publication."""
    path = publication(warehouse).with_suffix("").with_suffix(".manifest.json")
    return json.loads(path.read_text())["marts"]


def test_a_damaged_build_database_is_made_anew(warehouse: Path) -> None:
    (warehouse / "build" / "mhhs.duckdb").write_bytes(b"no database")
    (warehouse / "build" / "mhhs.duckdb.wal").write_bytes(b"no log")
    run(warehouse)
    short("verify", "--all", "--warehouse", warehouse)


@pytest.mark.parametrize("damage", ["cut", "lost"])
def test_a_damaged_lake_file_publishes_nothing_and_is_taken_anew_when_gone(
    made: Path, warehouse: Path, damage: str
) -> None:
    before = publication(warehouse)
    (stored,) = (warehouse / "lake" / "registration").glob("*.parquet")
    content = stored.read_bytes()
    if damage == "lost":
        stored.unlink()
    else:
        stored.write_bytes(content[: len(content) // 2])
        said = run(warehouse, expect=3)
        assert stored.name in said
        assert publication(warehouse) == before
        stored.unlink()
    run(warehouse)
    assert marts(warehouse) == marts(made)


def test_a_damaged_pointer_is_said_and_the_next_run_mends_it(warehouse: Path) -> None:
    only = publication(warehouse)
    for text in ("", "20260630-20260701T000000Z-cccccccc\n", "nonsense", "\0\0\0\0"):
        (warehouse / "published" / "CURRENT").write_text(text)
        done = short("info", "--warehouse", warehouse, expect=4)
        assert "rollback" in done.stderr
    short("rollback", only.stem, "--warehouse", warehouse)
    assert publication(warehouse) == only
    (warehouse / "published" / "CURRENT").write_text("nonsense")
    run(warehouse)
    assert publication(warehouse) != only


def test_a_missing_publication_is_said_and_the_next_run_makes_another(warehouse: Path) -> None:
    before = marts(warehouse)
    publication(warehouse).unlink()
    done = short("info", "--warehouse", warehouse, expect=4)
    assert "which is not there" in done.stderr
    run(warehouse)
    assert marts(warehouse) == before


def test_a_damaged_manifest_is_named_and_its_publication_not_deleted(warehouse: Path) -> None:
    kept = publication(warehouse)
    beside = kept.with_suffix("").with_suffix(".manifest.json")
    whole = beside.read_text()
    beside.write_text(whole[:100])
    run(warehouse)
    assert kept.exists()
    done = short("verify", "--warehouse", warehouse, expect=3)
    assert f"{beside.name} cannot be read" in done.stderr
    beside.write_text(whole)
    short("verify", "--all", "--warehouse", warehouse)
    assert len(publications(Warehouse(warehouse))) == 2


def test_a_clock_set_back_makes_no_earlier_publication(warehouse: Path) -> None:
    """The log says that the last publication was made in an hour from now."""
    log = warehouse / "history" / "publication_log.jsonl"
    line = json.loads(log.read_text())
    ahead = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    log.write_text(json.dumps(line | {"built_at": ahead.isoformat()}) + "\n")
    run(warehouse)
    built = [json.loads(text)["built_at"] for text in log.read_text().splitlines()]
    assert datetime.fromisoformat(built[1]) == ahead + timedelta(seconds=1)


def test_a_broken_line_of_the_publication_log_is_named(warehouse: Path) -> None:
    before = publication(warehouse)
    log = warehouse / "history" / "publication_log.jsonl"
    whole = log.read_text()
    log.write_text("no JSON\n" + whole)
    said = run(warehouse, expect=3)
    assert f"Line 1 of {log} cannot be read" in said
    assert publication(warehouse) == before
    log.write_text(whole)
    run(warehouse)
    assert publication(warehouse) != before


def test_each_fault_is_named_in_the_operators_page() -> None:
    """What stands in the table under *When something breaks* is what is tried here and beside."""
    page = (PROJECT / "docs" / "operations.md").read_text("utf-8")
    for fault in (
        *("killed", "a test fails", "two runs at once", "disk full", "build database"),
        *("a file of the lake is damaged", "a file of the lake is gone", "`CURRENT` is damaged"),
        *("publication was deleted", "publication was changed", "manifest is damaged"),
        *("the clock was set back", "`history/exceptions/` is damaged", "`history/causes/`"),
        *("`publication_log.jsonl` is damaged", "old publications are deleted while"),
    ):
        assert any(fault in line.split("|")[1] for line in page.splitlines() if "|" in line), fault
