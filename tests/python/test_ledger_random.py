"""Random histories: whatever the order in which days are built, the ledger tells the same life.

Each history is a random market of a few days whose files add, change and take back; what must come
out is counted from the findings of each day by the evaluator in `oracle/`.

    MHHS_HISTORIES=20 pytest tests/python/test_ledger_random.py    more histories
"""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from oracle.compare import write_landing
from oracle.history import RandomHistory

import pipeline.build
from pipeline.layout import Warehouse
from pipeline.run import build_and_publish, load_files

HISTORIES = int(os.environ.get("MHHS_HISTORIES", "1"))
SEED = int(os.environ.get("MHHS_RANDOM_SEED", "1"))
MARKETS = 25
M14 = date(2026, 10, 28)
DAYS = [M14 - timedelta(4), M14 - timedelta(1), M14, M14 + timedelta(3)]


@contextmanager
def quiet(_: str) -> Iterator[Any]:
    yield lambda *_: None


@pytest.fixture(autouse=True)
def no_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models without tests: a random history breaks no rule of the house, and time is dear."""
    run_dbt = pipeline.build.run_dbt
    models = ("--resource-type", "seed", "--resource-type", "model")
    monkeypatch.setattr(
        pipeline.build, "run_dbt", lambda w, words, *rest: run_dbt(w, [*words, *models], *rest)
    )


def load(warehouse: Warehouse, landing: Path) -> None:
    summary = load_files(warehouse, landing, True, None, 2, lambda *_: None)
    assert all(each.outcome != "refused" and not each.quarantined for each in summary.files)


def build(warehouse: Warehouse, day: date) -> list[tuple[Any, ...]]:
    """Build a day and read its history."""
    publication, _ = build_and_publish(warehouse, day, False, None, 2, quiet, lambda result: None)
    with closing(duckdb.connect(str(publication.path), read_only=True)) as connection:
        return connection.execute(
            "select exception_id, detected_from, detected_to, last_detected_on, rule_id, mpid, "
            "severity, severity_at_first, escalated_on, eased_on, status, end_cause "
            "from marts.fct_exception_history"
        ).fetchall()


def write_files(history: RandomHistory, landing: Path) -> None:
    write_landing(history.landing(DAYS[0]), landing, DAYS[0])
    for day, delta in history.deltas.items():
        write_landing(delta, landing, day)
        for extract in delta:
            folder = landing / extract
            (folder / f"{extract}_full_{day:%Y%m%d}.csv").rename(
                folder / f"{extract}_delta_{day:%Y%m%d}.csv"
            )


def assert_same(found: list[tuple[Any, ...]], expected: set[tuple[Any, ...]]) -> None:
    assert len(found) == len(set(found))
    wrong = [("only told", row) for row in set(found) - expected]
    wrong += [("only expected", row) for row in expected - set(found)]
    assert not wrong, "\n".join(map(str, sorted(wrong, key=lambda w: (w[1][0], w[0]))[:20]))


@pytest.mark.parametrize("number", range(HISTORIES))
@pytest.mark.parametrize("way", ["day by day", "caught up"])
def test_a_random_history(way: str, number: int, tmp_path: Path) -> None:
    history = RandomHistory(range(MARKETS), SEED + number, DAYS)
    expected = history.expected()
    causes = Counter(row[-1] for row in expected)
    assert min(causes[cause] for cause in ("REAL", "CORRECTION", "RE_STATED", None)) > 3, causes
    assert any(row[6] == "BREACH" and row[7] == "EXPOSURE" for row in expected)
    assert max(Counter(row[0] for row in expected).values()) > 1, "nothing re-opened"

    files, landing = tmp_path / "files", tmp_path / "landing"
    write_files(history, files)
    warehouse = Warehouse(tmp_path / "warehouse")
    if way == "day by day":
        for day in DAYS:
            for path in files.glob(f"*/*_{day:%Y%m%d}.csv"):
                (landing / path.parent.name).mkdir(parents=True, exist_ok=True)
                shutil.copy(path, landing / path.parent.name)
            load(warehouse, landing)
            found = build(warehouse, day)
    else:
        # A file of one day comes late, days are skipped and built afterwards, in any order.
        chance = random.Random(f"order|{SEED + number}")
        late = chance.choice(sorted(files.glob(f"*/*_delta_{DAYS[1]:%Y%m%d}.csv")))
        shutil.copytree(files, landing, ignore=lambda _, names: {late.name} & set(names))
        load(warehouse, landing)
        for day in chance.sample(DAYS, 2):
            build(warehouse, day)
        shutil.copytree(files, landing, dirs_exist_ok=True)
        load(warehouse, landing)
        for day in chance.sample(DAYS[:-1], 3):
            build(warehouse, day)
        shutil.rmtree(warehouse.root / "build")
        found = build(warehouse, DAYS[-1])
    assert_same(found, expected)
