"""What is done with publications afterwards: listed, verified, copied, pruned, rolled back."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from pipeline.layout import Warehouse
from pipeline.publication import current, publications
from tests.command import PROJECT
from tests.short import short

CASE = PROJECT / "tests" / "golden" / "cases" / "switch_at_m14" / "landing"
DAYS = ("2026-11-08", "2026-11-09", "2026-11-10")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    warehouse = tmp_path_factory.mktemp("kept") / "warehouse"
    short("load", "--landing", CASE, "--warehouse", warehouse)
    for day in DAYS:
        short("publish", "--warehouse", warehouse, "--as-of", day)
    return warehouse


@pytest.fixture
def warehouse(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "warehouse")
    return tmp_path / "warehouse"


def publication(warehouse: Path) -> Path:
    return current(Warehouse(warehouse)).path


def ids(warehouse: Path) -> list[str]:
    """Oldest first."""
    return sorted(each.publication_id for each in publications(Warehouse(warehouse)))


def test_the_list(made: Path) -> None:
    said = short("publish", "--list", "--warehouse", made).stdout.splitlines()
    assert [line.split()[0] for line in said] == ids(made)[::-1]
    assert [line.endswith("current") for line in said] == [True, False, False]
    told = json.loads(short("publish", "--list", "--json", "--warehouse", made).stdout)
    assert [each["as_of"] for each in told] == list(DAYS[::-1])


def test_the_manifest_says_what_it_was_made_of(made: Path) -> None:
    for each in publications(Warehouse(made)):
        manifest = each.manifest
        assert {file["file"].split("/")[0] for file in manifest["files"]} <= {
            *("approval", "participant", "registration")
        }
        assert all(len(file["sha256"]) == 64 for file in manifest["files"])
        assert len(manifest["seeds"]["rulebook/rule.csv"]) == 64
        assert manifest["nodes"]["fct_exception"]["status"] == "passed"
        assert manifest["code_version"]


def test_keep_never_deletes_the_current_nor_one_that_is_read(warehouse: Path) -> None:
    first, second, third = ids(warehouse)
    short("rollback", first, "--warehouse", warehouse)
    reader = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); "
        "print('open', flush=True); sys.stdin.read()"
    )
    import subprocess
    import sys

    path = Warehouse(warehouse).publication(second)
    with subprocess.Popen(
        [sys.executable, "-c", reader, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        said = short("publish", "--list", "--keep", "1", "--warehouse", warehouse)
        assert f"left {second}: a process is reading it" in said.stderr
        assert ids(warehouse) == [first, second, third]
        process.communicate("")
    said = short("publish", "--list", "--keep", "1", "--warehouse", warehouse)
    assert f"deleted {second}" in said.stderr
    assert ids(warehouse) == [first, third]
    # What was deleted is still on record.
    asked = "select count(distinct publication_id) as n from rpt_publication"
    short("publish", "--warehouse", warehouse, "--as-of", DAYS[-1])
    assert '{"n": 4}' in short("sql", "--json", "--warehouse", warehouse, asked).stdout


def test_verify_tells_a_changed_file(warehouse: Path) -> None:
    said = short("verify", "--all", "--warehouse", warehouse).stdout
    assert [line.split(":")[0] for line in said.splitlines()] == ids(warehouse)[::-1]
    path = publication(warehouse)
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute("update marts.dim_rule set title = 'x' where rule_id = 'SUP-01'")
    done = short("verify", "--warehouse", warehouse, expect=3)
    assert f"{path.name} is not the file that was published" in done.stderr
    short("verify", ids(warehouse)[0], "--warehouse", warehouse)
    done = short("rollback", path.stem, "--warehouse", warehouse, expect=3)
    assert "is not the file that was published" in done.stderr


def test_verify_tells_figures_that_are_not_the_manifests(warehouse: Path) -> None:
    path = publication(warehouse)
    beside = path.with_suffix("").with_suffix(".manifest.json")
    manifest = json.loads(beside.read_text())
    manifest["marts"]["dim_rule"]["rows"] += 1
    beside.write_text(json.dumps(manifest))
    done = short("verify", "--warehouse", warehouse, expect=3)
    assert "dim_rule holds" in done.stderr


def test_rollback_goes_back_and_the_next_run_goes_on(warehouse: Path) -> None:
    first, second, third = ids(warehouse)
    short("rollback", "--warehouse", warehouse)
    assert publication(warehouse).stem == second
    short("rollback", "--warehouse", warehouse)
    assert publication(warehouse).stem == first
    done = short("rollback", "--warehouse", warehouse, expect=4)
    assert "No publication made before" in done.stderr
    done = short("rollback", "2026", "--warehouse", warehouse, expect=4)
    assert f"may mean any of {third}, {second}, {first}" in done.stderr
    short("publish", "--warehouse", warehouse, "--as-of", DAYS[-1])
    assert publication(warehouse).stem not in (first, second, third)


def test_parquet_copies_are_the_marts(warehouse: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    for day in DAYS[:0:-1]:
        short("rollback", day.replace("-", ""), "--warehouse", warehouse)
        short("publish", "--list", "--parquet", folder, "--warehouse", warehouse)
        about = json.loads((folder / "_publication.json").read_text())
        assert about["as_of"] == day
        with closing(duckdb.connect(str(publication(warehouse)), read_only=True)) as connection:
            marts = connection.execute(
                "select table_name from information_schema.tables where table_schema = 'marts'"
            ).fetchall()
            assert {path.stem for path in folder.glob("*.parquet")} == {name for (name,) in marts}
            for (mart,) in marts:
                (difference,) = connection.execute(
                    f"select count(*) from (from marts.{mart} except all "
                    f"from read_parquet('{folder}/{mart}.parquet'))"
                ).fetchall()
                assert difference == (0,)
                rows = connection.execute(f"select count(*) from marts.{mart}").fetchone()
                assert rows == (about["rows"][mart],)
    assert not (folder / ".part").exists()
