"""Readers while publications come and go, and runs killed at random moments.

Soak: MHHS_PUBLICATIONS=50 MHHS_KILLS=100 python -m pytest tests/python/test_concurrency.py -s
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipeline.build import BuildResult, build
from pipeline.keeping import prune, verify
from pipeline.layout import Warehouse
from pipeline.ledger import faults
from pipeline.publication import current, publications, publish
from tests.command import PROJECT
from tests.short import Nursery, no_gate, short

CASE = PROJECT / "tests" / "golden" / "cases" / "switch_at_m14" / "landing"
DAYS = (date(2026, 11, 10), date(2026, 11, 11))
READERS = 20
PUBLICATIONS = int(os.environ.get("MHHS_PUBLICATIONS", "6"))
KILLS = int(os.environ.get("MHHS_KILLS", "3"))
SEED = int(os.environ.get("MHHS_RANDOM_SEED", "14"))

READER = """
import sys, time
from pathlib import Path
from pipeline.layout import Warehouse
from pipeline.publication import open_current

warehouse, stop = Warehouse(Path(sys.argv[1])), Path(sys.argv[2])
asked, seen = 0, set()
while not stop.exists():
    publication, connection = open_current(warehouse)
    for _ in range(5):
        row = connection.execute(
            "select h.as_of, h.points_not_qualified, count(*), count(distinct e.as_of) from "
            " marts.rpt_m14_headline as h left join marts.fct_exception as e "
            "on e.rule_id = 'SUP-01' and e.status = 'OPEN' group by all"
        ).fetchone()
        assert row[0] == publication.as_of, row
        assert row[1] == row[2] and row[3] == 1, row
        asked += 1
    seen.add(publication.publication_id)
    connection.close()
    time.sleep(1.5)  # or two cores would make no publications beside twenty readers
print(asked, len(seen))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Warehouse, list[BuildResult]]:
    """A warehouse, and the builds of two days, each with its databases put aside."""
    warehouse = Warehouse(tmp_path_factory.mktemp("readers") / "warehouse")
    short("load", "--landing", CASE, "--warehouse", warehouse.root)
    results = []
    for day in DAYS:
        with no_gate():
            results.append(build(warehouse, day))
        shutil.copytree(warehouse.build_database.parent, warehouse.root / f"{day}")
    return warehouse, results


def make(warehouse: Warehouse, result: BuildResult) -> None:
    shutil.copytree(
        warehouse.root / f"{result.as_of}", warehouse.build_database.parent, dirs_exist_ok=True
    )
    publish(warehouse, replace(result), make_current=True)
    prune(warehouse, 2)


def test_readers_see_one_whole_publication_each_while_others_come_and_go(
    built: tuple[Warehouse, list[BuildResult]],
) -> None:
    warehouse, results = built
    stop = warehouse.root / "stop"
    make(warehouse, results[0])
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, warehouse.root, stop],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(READERS)
    ]
    try:
        for number in range(PUBLICATIONS):
            make(warehouse, results[number % 2])
    finally:
        stop.touch()
    asked = seen = 0
    for reader in readers:
        said, errors = reader.communicate(timeout=120)
        assert reader.returncode == 0, errors
        # DuckDB draws a bar above it when a busy machine makes a query long.
        answered, publications_seen = map(int, said.split()[-2:])
        asked, seen = asked + answered, max(seen, publications_seen)
    print(f"{READERS} readers asked {asked:,} times over {PUBLICATIONS} publications: no error")
    assert asked > READERS
    assert seen > 2
    # Every reader is gone: what they held can be deleted now.
    prune(warehouse, 2)
    assert len(publications(warehouse)) == 2
    assert verify(warehouse, publications(warehouse)) == []


def test_a_run_killed_at_any_moment_leaves_a_whole_publication(tmp_path: Path) -> None:
    """Each kill is followed by a run that has to heal what it left."""
    warehouse = Warehouse(tmp_path / "warehouse")
    nursery = Nursery(tmp_path / "nursery")
    chance = random.Random(SEED)
    run = ("run", "--landing", CASE, "--warehouse", warehouse.root, "--make-current", "--as-of")
    longest = max(nursery.run(*run, str(day))[1] for day in DAYS)
    killed = 0
    for number in range(KILLS):
        day = DAYS[number % 2]
        before = current(warehouse)
        code, _ = nursery.run(*run, str(day), kill_after=chance.uniform(0, longest))
        killed += code == -signal.SIGKILL
        assert verify(warehouse, [current(warehouse)]) == []
        assert code == 0 or current(warehouse).publication_id in {
            before.publication_id,
            publications_by_instant(warehouse)[-1],
        }
        code, seconds = nursery.run(*run, str(day))
        assert code == 0
        assert current(warehouse).as_of == day
        assert verify(warehouse, publications(warehouse)) == []
        assert faults(warehouse) == []
        prune(warehouse, 4)
        # The machine may be busier now than it was, or less so.
        longest = (longest + seconds) / 2
    nursery.close()
    print(f"{killed} of {KILLS} runs were killed before their end; each next run healed")
    assert not list(warehouse.published.glob(".part-*"))
    assert marts_of(warehouse, DAYS[0]) == marts_of(warehouse, DAYS[0], oldest=True)
    with closing(duckdb.connect(str(current(warehouse).path), read_only=True)) as connection:
        listed = connection.execute(
            "select count(distinct publication_id) from marts.rpt_publication"
        ).fetchone()
    assert listed is not None
    assert listed[0] >= KILLS + 2


def publications_by_instant(warehouse: Warehouse) -> list[str]:
    kept = sorted(publications(warehouse), key=lambda p: str(p.manifest["built_at"]))
    return [publication.publication_id for publication in kept]


def marts_of(warehouse: Warehouse, day: date, oldest: bool = False) -> dict[str, object]:
    """Checksums of a publication of a day, of what does not tell of other publications."""
    of_day = [p for p in publications(warehouse) if p.as_of == day]
    marts = of_day[-1 if oldest else 0].manifest["marts"]
    return {
        name: figures
        for name, figures in marts.items()
        if name not in ("fct_exception_history", "fct_exception", "rpt_exception_summary")
    }
