"""A day built on top of the last one is what the same day is when everything is built.

MHHS_SEQUENCES=20 pytest tests/python/test_increment.py -k sequence    more sequences of days
MHHS_RANDOM_SEED=7 ...                                                 other ones
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from oracle.history import RandomHistory

import pipeline.increment
from pipeline.build import BuildResult, project_fingerprint
from pipeline.layout import Warehouse
from pipeline.publication import Publication
from pipeline.run import build_and_publish, load_files
from tests.python.test_ledger_random import write_files

SEQUENCES = int(os.environ.get("MHHS_SEQUENCES", "1"))
SEED = int(os.environ.get("MHHS_RANDOM_SEED", "1"))
MARKETS = 40
M14 = date(2026, 10, 28)
TOLD = [M14 - timedelta(4), M14 - timedelta(1), M14, M14 + timedelta(3)]


@contextmanager
def quiet(_: str) -> Iterator[Any]:
    yield lambda *_: None


@pytest.fixture(autouse=True)
def without_unit_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """They try the code, which is the same in every build here."""
    monkeypatch.setattr(pipeline.increment, "proven", lambda _: {project_fingerprint()})


@pytest.fixture
def any_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """A random market is small: what is touched of it is more than of a real one in a year."""
    monkeypatch.setattr(pipeline.increment, "_LARGEST_PART", 100.0)


def load(warehouse: Warehouse, landing: Path) -> None:
    summary = load_files(warehouse, landing, True, None, 2, lambda *_: None)
    assert all(each.outcome != "refused" and not each.quarantined for each in summary.files)


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
    days = sorted({*TOLD, M14 + timedelta(1), M14 + timedelta(chance.randrange(4, 400))})
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
