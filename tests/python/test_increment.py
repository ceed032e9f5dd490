"""A day built on top of the last one is what the same day is when everything is built.

MHHS_SEQUENCES=20 pytest tests/python/test_increment.py -k sequence    more sequences of days
MHHS_RANDOM_SEED=7 ...                                                 other ones
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from oracle.history import RandomHistory

import pipeline.increment
from pipeline.build import BuildResult
from pipeline.keeping import verify
from pipeline.layout import Warehouse
from pipeline.publication import Publication, publications
from pipeline.run import build_and_publish
from tests.command import PROJECT
from tests.command import pipeline as command
from tests.python.test_ledger_random import load, quiet, write_files
from tests.python.test_publication import marts_out_of_order
from tests.short import short, unit_tests_held

SEQUENCES = int(os.environ.get("MHHS_SEQUENCES", "1"))
KILLS = int(os.environ.get("MHHS_KILLS", "2"))
SEED = int(os.environ.get("MHHS_RANDOM_SEED", "1"))
MARKETS = 40
M14 = date(2026, 10, 28)
DAY_AFTER = date(2026, 11, 11)
TOLD = [M14 - timedelta(4), M14 - timedelta(1), M14, M14 + timedelta(3)]


@pytest.fixture(autouse=True)
def without_unit_tests() -> Iterator[None]:
    """They try the code, which is the same in every build here."""
    with unit_tests_held():
        yield


@pytest.fixture
def any_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """A random market is small: what is touched of it is more than of a real one in a year."""
    monkeypatch.setattr(pipeline.increment, "_LARGEST_PART", 100.0)


def build(warehouse: Warehouse, day: date) -> tuple[Publication, BuildResult]:
    return build_and_publish(warehouse, day, False, None, 2, quiet, lambda result: None)


def assert_as_afresh(warehouse: Warehouse, copy: Path, day: date) -> dict[str, Any]:
    """Build a day here and, without what stands, in a copy; gives the scope of the former."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(warehouse.root, copy, ignore=lambda _, names: {"build"} & set(names))
    publication, result = build(warehouse, day)
    afresh, other = build(Warehouse(copy), day)
    assert "because" in other.scope
    assert (result.models, result.tests) == (other.models, other.tests)
    marts = afresh.manifest["marts"]
    wrong = {name for name, mart in publication.manifest["marts"].items() if mart != marts[name]}
    assert not wrong, (day, result.scope, wrong)
    # What is written anew lies as promised; where rows of points were put in place none is.
    assert not marts_out_of_order(publication)
    assert {"fct_exception", "fct_exception_history"} <= publication.manifest["orders"].keys()
    assert ("fct_holding" in publication.manifest["orders"]) == ("because" in result.scope)
    return result.scope


@pytest.mark.parametrize("number", range(SEQUENCES))
def test_a_sequence_of_days(number: int, tmp_path: Path, any_part: None) -> None:
    chance = random.Random(f"sequence|{SEED + number}")
    history = RandomHistory(range(MARKETS), SEED + number, TOLD, pace=0.03)
    files, landing = tmp_path / "files", tmp_path / "landing"
    write_files(history, files)
    deltas = sorted(files.glob("*/*_delta_*.csv"))
    # Some files come late, on any later day; on some days none comes.
    late = set(chance.sample(deltas, 3))
    days = [M14 - timedelta(1), M14, M14 + timedelta(1), M14 + timedelta(chance.randrange(4, 400))]
    warehouse = Warehouse(tmp_path / "warehouse")
    scopes = []
    for number_of_day, day in enumerate(days):
        for path in sorted(files.glob("*/*.csv")):
            is_due = path.stem[-8:] <= f"{day:%Y%m%d}"
            waits = path in late and chance.random() < 0.5 and number_of_day < len(days) - 1
            if is_due and not waits:
                (landing / path.parent.name).mkdir(parents=True, exist_ok=True)
                shutil.copy(path, landing / path.parent.name)
        load(warehouse, landing)
        scopes.append(assert_as_afresh(warehouse, tmp_path / "copy", day))
    first, *rest = scopes
    assert first == {"because": "the build database holds no publication"}
    assert all("points" in scope for scope in rest), rest
    assert any(0 < scope["points"] < scope["of"] / 2 for scope in rest), rest


@pytest.fixture
def standing(market_warehouse: Path, tmp_path: Path) -> Warehouse:
    """A warehouse whose build database holds its last publication, to do something to."""
    return Warehouse(shutil.copytree(market_warehouse, tmp_path / "standing"))


def edit(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values))


def new_full(warehouse: Warehouse) -> None:
    landing = warehouse.root / "landing"
    source = publications(warehouse)[0].path
    target = landing / "migration" / "migration_full_20261109.csv"
    target.parent.mkdir(parents=True)
    with duckdb.connect(str(source), read_only=True) as connection:
        connection.execute(
            "copy (select mpan, direction, effective_from, scenario, supplier_mpid "
            f"from marts.fct_migration) to '{target}' (header)"
        )
    load(warehouse, landing)


def manifest(warehouse: Warehouse) -> Path:
    return warehouse.manifest(publications(warehouse)[0].publication_id)


DOUBTS: dict[str, Callable[[Warehouse], object]] = {
    "holds no publication": lambda w: w.standing.unlink(),
    "standing.json is damaged": lambda w: w.standing.write_text("{"),
    "code, seeds or libraries are others": lambda w: edit(w.standing, code="of last week"),
    "changed since it was published": lambda w: os.utime(w.large_database),
    "is not kept any more": lambda w: manifest(w).unlink(),
    "unit tests are to be run": lambda w: edit(manifest(w), proven=None),
    "a new full file came": new_full,
    "Metering Points are touched": lambda w: edit(w.standing, renewed=2990),
}


@pytest.mark.parametrize("reason", DOUBTS)
def test_in_doubt_everything_is_built(
    reason: str, standing: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline.increment, "build", lambda *_, because, **__: because)
    DOUBTS[reason](standing)
    assert reason in str(pipeline.increment.build_day(standing, DAY_AFTER))


def test_totals_of_other_days_are_not_added_up(
    standing: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = date(2025, 9, 22)  # two days before the first of the reports by day
    build(standing, early)
    monkeypatch.setattr(pipeline.increment, "build", lambda *_, because, **__: because)
    told = str(pipeline.increment.build_day(standing, early + timedelta(1)))
    assert told == "the first day of reports by day is another"


def test_an_earlier_day_is_built_from_everything(
    standing: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline.increment, "build", lambda *_, because, **__: because)
    told = str(pipeline.increment.build_day(standing, date(2026, 11, 8)))
    assert told == "what stands is of a later day, 2026-11-09"


@pytest.mark.parametrize(
    ("database", "damage"),
    [
        ("build_database", "update intermediate.int_position_change set points = points + 1"),
        ("large_database", "delete from marts.dim_metering_point where mpan % 10 = 3"),
    ],
)
def test_what_stands_and_is_wrong_is_found_and_built_anew(
    database: str, damage: str, standing: Warehouse
) -> None:
    with duckdb.connect(str(getattr(standing, database))) as connection:
        connection.execute(damage)
    note = json.loads(standing.standing.read_text("utf-8"))
    edit(standing.standing, databases=pipeline.increment._databases(standing))
    assert note["databases"] != pipeline.increment._databases(standing)
    before = publications(standing)[0].manifest["marts"]["dim_metering_point"]["rows"]
    publication, result = build(standing, DAY_AFTER)
    assert "failed on what was touched" in result.scope["because"]
    assert publication.manifest["marts"]["dim_metering_point"]["rows"] == before


def test_a_run_says_what_it_worked_out(standing: Warehouse) -> None:
    landing = standing.root / "landing"
    landing.mkdir()
    where = ("--landing", landing, "--warehouse", standing.root)
    told = short("run", *where, "--as-of", str(DAY_AFTER), data_tests=True).stdout
    found = re.search(r"worked out   ([\d,]+) of ([\d,]+) points; the rest stands since", told)
    assert found, told
    standing.standing.unlink()
    told = short("run", *where, "--as-of", str(DAY_AFTER), data_tests=True).stdout
    assert "worked out   everything: the build database holds no publication" in told
    first, second = publications(standing)[1], publications(standing)[0]
    assert first.manifest["marts"] == second.manifest["marts"]
    assert set(second.manifest["orders"]) - set(first.manifest["orders"]) == {
        *("dim_metering_point", "fct_appointment", "fct_holding", "fct_migration", "fct_regime")
    }


def test_a_day_that_touches_nothing_promises_no_more_than_what_stands(standing: Warehouse) -> None:
    """Rows that an earlier day put in place lie behind the others still: exports must sort them."""
    touching, nothing = build(standing, DAY_AFTER), build(standing, DAY_AFTER)
    assert touching[1].scope["points"] > 0
    assert nothing[1].scope["points"] == 0
    assert nothing[0].manifest["orders"] == touching[0].manifest["orders"]
    assert "fct_holding" not in nothing[0].manifest["orders"]
    assert not marts_out_of_order(nothing[0])


def test_a_daily_run_killed_at_any_moment_is_healed(market_warehouse: Path, tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    chance = random.Random(SEED)
    expected, seconds, spliced = None, 0.0, 0
    for number in range(KILLS + 1):
        warehouse = Warehouse(shutil.copytree(market_warehouse, tmp_path / str(number)))
        where = ("--landing", landing, "--warehouse", warehouse.root, "--as-of", str(DAY_AFTER))
        words = [sys.executable, "-m", "pipeline", "run", *map(str, where)]
        if number:
            with subprocess.Popen(
                words, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as process:
                time.sleep(chance.uniform(0.3, 1) * seconds)
                process.kill()
            assert verify(warehouse, publications(warehouse)) == []
            spliced += not warehouse.standing.exists()
        started = time.monotonic()
        command("run", *where)
        seconds = seconds or time.monotonic() - started
        newest = max(publications(warehouse), key=lambda each: str(each.manifest["built_at"]))
        expected = expected or newest.manifest["marts"]
        assert newest.as_of == DAY_AFTER
        assert newest.manifest["marts"] == expected
        assert verify(warehouse, publications(warehouse)) == []
        shutil.rmtree(warehouse.root)
    print(f"{KILLS} daily runs killed, {spliced} of them between putting in place and publishing")
