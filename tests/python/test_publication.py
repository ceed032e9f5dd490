"""The folder of publications: what a killed run leaves there, and what the next one makes of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from pipeline.errors import NoPublication
from pipeline.layout import Warehouse
from pipeline.publication import Publication, current, mart_checksum, publications
from tests.app_pages import ask
from tests.command import PROJECT
from tests.short import short

CASE = PROJECT / "tests" / "golden" / "cases" / "integrity" / "landing"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    warehouse = tmp_path_factory.mktemp("published") / "warehouse"
    short("run", "--landing", CASE, "--warehouse", warehouse)
    return warehouse


@pytest.fixture
def warehouse(published: Path, tmp_path: Path) -> Path:
    shutil.copytree(published, tmp_path / "warehouse")
    return tmp_path / "warehouse"


def test_leftovers_of_a_killed_publication_are_swept(warehouse: Path) -> None:
    """A part, a file without its manifest, a manifest without its file, a torn line of the log."""
    folder = warehouse / "published"
    before = current(Warehouse(warehouse)).path
    (folder / ".part-1.duckdb").write_bytes(b"part")
    (folder / ".part-1.duckdb.wal").write_bytes(b"part")
    shutil.copy(before, folder / "20260630-20260701T000000Z-aaaaaaaa.duckdb")
    orphan = folder / "20260630-20260701T000000Z-bbbbbbbb.manifest.json"
    orphan.write_text(json.dumps({"publication_id": "20260630-20260701T000000Z-bbbbbbbb"}))
    log = warehouse / "history" / "publication_log.jsonl"
    with log.open("a") as file:
        file.write('{"publication_id": "torn')

    assert [each.path for each in publications(Warehouse(warehouse))] == [before]
    short("run", "--landing", CASE, "--warehouse", warehouse)
    assert len(list(folder.glob("*.duckdb"))) == len(list(folder.glob("*.manifest.json"))) == 2
    assert not list(folder.glob(".part-*"))
    assert [json.loads(line)["gate"] for line in log.read_text().splitlines()] == ["passed"] * 2


def test_a_pointer_to_nothing_is_said(warehouse: Path) -> None:
    (warehouse / "published" / "CURRENT").write_text("20260630-20260701T000000Z-cccccccc\n")
    with pytest.raises(NoPublication, match="which is not there"):
        current(Warehouse(warehouse))


def test_checksums_can_be_recomputed(published: Path) -> None:
    """Not the order of rows but every value in them decides the checksum of a mart."""
    found = current(Warehouse(published))
    stated = found.manifest["marts"]
    with duckdb.connect() as connection:
        connection.execute(f"attach '{found.path}' as publication (read_only); use publication")
        for mart, figures in stated.items():
            assert mart_checksum(connection, mart) == figures
        connection.execute("use memory; create schema marts")
        connection.execute(
            "create table marts.dim_rule as from publication.marts.dim_rule order by title"
        )
        assert mart_checksum(connection, "dim_rule") == stated["dim_rule"]
        connection.execute("update marts.dim_rule set title = 'x' where rule_id = 'SUP-01'")
        assert mart_checksum(connection, "dim_rule") != stated["dim_rule"]


def marts_out_of_order(found: Publication) -> list[str]:
    """Those of which the manifest states an order in which they do not lie."""
    wrong = []
    for mart, order in found.manifest["orders"].items():
        place = f"({', '.join(order)})" if len(order) > 1 else order[0]
        misplaced = ask(
            found.path,
            f"select count(*) from (select {place} as place, lag({place}) over (order by rowid)"
            f" as before from {mart}) where place < before",
        )
        if misplaced != [(0,)]:
            wrong.append(mart)
    return wrong


def test_every_mart_lies_in_the_order_that_its_readers_were_promised(
    market_warehouse: Path,
) -> None:
    """Exports leave rows as they lie, and a look-up of one Metering Point reads one block."""
    found = current(Warehouse(market_warehouse))
    assert found.manifest["orders"].keys() == found.manifest["marts"].keys() - {"rpt_publication"}
    assert not marts_out_of_order(found)


def test_a_publication_has_small_blocks_as_the_large_marts_were_written(
    market_warehouse: Path,
) -> None:
    found = current(Warehouse(market_warehouse))
    assert ask(found.path, "select max(block_size) from pragma_database_size()") == [(65536,)]
