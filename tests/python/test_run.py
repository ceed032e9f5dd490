"""`run` as an operator meets it: what it publishes, what it refuses, what it leaves alone."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.build import parsed
from tests.command import PROJECT, pipeline, publication
from tests.short import short

CASE = PROJECT / "tests" / "golden" / "cases" / "integrity" / "landing"
LATER_CASE = PROJECT / "tests" / "golden" / "cases" / "switch_at_m14" / "landing"


def _manifest(path: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(path.with_suffix(".manifest.json").read_text())
    return manifest


def _checksums(warehouse: Path) -> dict[str, object]:
    marts: dict[str, object] = _manifest(publication(warehouse))["marts"]
    return marts


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    landing = tmp_path_factory.mktemp("market") / "landing"
    pipeline(
        *("simulate", "--points", "5000", "--seed", "3", "--landing", landing),
        *("--from", "2026-10-20", "--to", "2026-10-30"),
    )
    return landing


@pytest.fixture(scope="module")
def built(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    warehouse = tmp_path_factory.mktemp("built") / "warehouse"
    pipeline("run", "--landing", market, "--warehouse", warehouse)
    return warehouse


@pytest.mark.parametrize("seed", [1, 2])
def test_same_files_same_checksums(market: Path, built: Path, tmp_path: Path, seed: int) -> None:
    """One thread or two, little memory or much, files in any order: every mart is the same."""
    warehouse, landing = tmp_path / "warehouse", tmp_path / "landing"
    files = sorted(path.name for path in market.rglob("*.csv"))
    random.Random(seed).shuffle(files)
    threads = str(seed)
    for number, name in enumerate(files):
        for path in market.rglob(f"{name}*"):
            target = landing / path.relative_to(market)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        if number % 7 == 6:
            short("load", "--landing", landing, "--warehouse", warehouse, "--threads", threads)
    short(
        *("run", "--landing", market, "--warehouse", warehouse),
        *("--threads", threads, "--memory-limit", "600MB"),
    )
    assert _checksums(warehouse) == _checksums(built)


def test_dbt_reads_the_project_once_for_all_databases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it read is kept beside the warehouse, and holds for another day in another database."""
    found = []
    for database in ("a", "b"):
        monkeypatch.setattr("pipeline.build._PARSED", [])
        monkeypatch.setenv("MHHS_BUILD_DATABASE", str(tmp_path / database / "mhhs.duckdb"))
        monkeypatch.setenv("MHHS_MEMORY_LIMIT", "1GB")
        parsed(tmp_path / "logs", tmp_path / "target")
        read = json.loads((tmp_path / "target" / "perf_info.json").read_text("utf-8"))
        found.append(read["parsed_path_count"])
    assert found[0] > 100
    assert found[1] == 0


def test_running_again_changes_nothing(market: Path, built: Path) -> None:
    before = _checksums(built)
    done = pipeline("run", "--landing", market, "--warehouse", built)
    assert "0 files refused" in done.stderr
    assert _checksums(built) == before


def test_info_names_the_current_publication(built: Path) -> None:
    document = json.loads(pipeline("info", "--warehouse", built, "--json").stdout)
    assert set(document) == {
        *("path", "publication_id", "as_of", "gate", "contract", "last_failure")
    }
    assert document["last_failure"] is None
    assert document["as_of"] == "2026-10-30"
    assert document["gate"] == "passed"
    manifest = Path(document["path"]).with_suffix("").with_suffix(".manifest.json")
    assert json.loads(manifest.read_text())["tests"]["passed"] > 100
    with duckdb.connect(document["path"], read_only=True) as connection:
        tables = connection.sql("select distinct table_type from information_schema.tables")
        assert tables.fetchall() == [("BASE TABLE",)]
        described = connection.sql(
            "select count(*) from duckdb_columns() where schema_name = 'marts' and comment is null"
        ).fetchone()
    assert described == (0,)


def test_an_earlier_day_does_not_take_over(tmp_path: Path) -> None:
    """Readers stay with the latest as-of day unless told otherwise."""
    run = ("run", "--landing", LATER_CASE, "--warehouse", tmp_path)
    short(*run, "--as-of", "2026-11-10")
    latest = publication(tmp_path)
    done = short(*run, "--as-of", "2026-11-09")
    assert "stays current" in done.stdout
    assert publication(tmp_path) == latest
    short(*run, "--as-of", "2026-11-09", "--make-current")
    assert publication(tmp_path) != latest


TRANSCRIPT = re.search(
    r"^## A gate that fails$.+?^(    .+?)\n\n(?=\S)",
    (PROJECT / "docs" / "operations.md").read_text("utf-8"),
    re.M | re.S,
)


def test_a_failed_gate_publishes_nothing(tmp_path: Path) -> None:
    """A project with one more test, which fails: nothing is published, and the run says why.

    The operators' page shows it as it happened. Its commands are run here again, and must say what
    stands there, but for instants, ids and folders.
    """
    project = tmp_path / "project"
    for name in ("models", "macros", "seeds", "tests/dbt", "pipeline"):
        shutil.copytree(PROJECT / name, project / name)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT / name, project / name)
    warehouse = tmp_path / "warehouse"
    run = ("run", "--landing", LATER_CASE, "--warehouse", warehouse)
    pipeline(*run, "--as-of", "2026-11-10", project=project)
    before = publication(warehouse)
    failing = project / "tests" / "dbt" / "singular" / "assert_no_supplier.sql"
    failing.write_text("select mpid from {{ ref('dim_participant') }} order by mpid\n")

    assert TRANSCRIPT is not None
    told = textwrap.dedent(TRANSCRIPT[1])
    said = ""
    for command in re.findall(r"^\$ (.+)$", told, re.M):
        if command == "rm tests/dbt/singular/assert_no_supplier.sql":
            assert publication(warehouse) == before
            failing.unlink()
            said += f"$ {command}\n"
            continue
        done = subprocess.run(
            command.replace("python ", f"{sys.executable} ")
            .replace("LANDING", str(LATER_CASE))
            .replace("WAREHOUSE", str(warehouse)),
            shell=True,
            cwd=project,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        said += f"$ {command}\n{done.stdout}"
    assert _without_chance(said, warehouse) == _without_chance(told, warehouse)
    assert not (warehouse / "published" / "LAST_FAILURE.json").exists()

    # The unit tests hold since the first publication: the models they try are the same.
    first, last = _manifest(before), _manifest(publication(warehouse))
    unit_test = "days_under_mhhs"
    assert unit_test in first["nodes"]
    assert unit_test not in last["nodes"]
    assert first["tests"] == last["tests"]


def _without_chance(text: str, warehouse: Path) -> list[str]:
    """The lines of a transcript, instants, ids, seconds and folders aside."""
    for pattern, word in (
        (r"\d{8}-\d{8}T\d{6}Z-[0-9a-f]{8}", "ID"),
        (r"\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)", "INSTANT"),
        (r"\d+ s\b", "N s"),
        (r'"process": \d+', '"process": N'),
        (r"\d+ tests|\d+ passed", "N tests"),
        (re.escape(str(warehouse)), "WAREHOUSE"),
        (re.escape(str(LATER_CASE)), "LANDING"),
    ):
        text = re.sub(pattern, word, text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def test_errors_are_sentences_with_exit_codes(tmp_path: Path) -> None:
    done = pipeline("info", "--warehouse", tmp_path, expect=4)
    assert "holds no publication yet" in done.stderr
    empty = tmp_path / "landing"
    empty.mkdir()
    done = pipeline("run", "--landing", empty, "--warehouse", tmp_path / "w", expect=3)
    assert "No registration file has been accepted" in done.stderr
    pipeline("run", "--landing", tmp_path / "nowhere", "--warehouse", tmp_path, expect=2)
    done = pipeline(
        *("simulate", "--points", "5", "--landing", empty),
        *("--from", "2026-10-20", "--to", "2026-10-30"),
        expect=3,
    )
    assert "Traceback" not in done.stderr


def test_a_second_run_is_told_who_holds_the_warehouse(tmp_path: Path) -> None:
    from pipeline.locking import warehouse_lock

    with warehouse_lock(tmp_path):
        done = pipeline("run", "--landing", CASE, "--warehouse", tmp_path, expect=5)
    assert "is in use by process" in done.stderr


def test_help_teaches() -> None:
    done = pipeline("--help")
    for command in ("simulate", "run", "load", "build", "publish", "export", "info", "dashboard"):
        assert command in done.stdout
        assert "--help" in pipeline(command, "--help").stdout
