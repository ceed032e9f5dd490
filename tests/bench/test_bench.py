"""The benchmark measures every step and holds each figure against its goal; the figures of so few
points say nothing."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench.page import checks, write_page
from tests.command import PROJECT


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """What was measured at one small size, and the page made of it."""
    folder = tmp_path_factory.mktemp("bench")
    page = folder / "page.md"
    subprocess.run(
        [
            *(sys.executable, "-m", "tests.bench.bench", "--folder", str(folder)),
            *("--millions", "0.001", "--rounds", "1", "--page", str(page), "--peers"),
            *("--against", str(PROJECT)),
        ],
        cwd=PROJECT,
        check=True,
    )
    results = json.loads((folder / "results.json").read_text("utf-8"))
    return results["1000"], page.read_text("utf-8")


def test_every_step_is_measured(measured: tuple[dict[str, Any], str]) -> None:
    size, page = measured
    assert size["floor"]["cpu"] > 0
    steps = size["full"]["steps"]
    assert list(steps) == ["start", "load", "judge", "build", "publish"]
    parts = sum(cost["cpu"] for cost in steps.values())
    assert 0 < parts <= size["full"]["process_cpu"]
    assert size["full"]["rows"]["dim_metering_point"] <= size["points"]
    assert size["exports"]["csv"]["rows"] == size["full"]["rows"]["fct_exception"]
    kinds = list(size["full"]["kinds"].values())
    assert size["by_hand"]["nodes"] == sum(kinds.count(k) for k in ("model", "seed", "test"))
    assert size["by_hand"]["cpu"] > 0
    assert size["write"]["marts"] == len(size["full"]["rows"]) + 1  # and the log
    assert size["write"]["cpu"] > 0
    assert size["spoilt"]["cpu"] > 0
    assert size["older"] == PROJECT.name
    assert size["older_full"]["process_cpu"] > 0 < size["older_daily"]["process_cpu"]
    assert 0 < size["daily"]["files"] - size["full"]["files"] <= 6
    assert "| **full run** |" in page


def test_other_engines_find_the_same_and_are_held_against_the_goals(
    measured: tuple[dict[str, Any], str], tmp_path: Path
) -> None:
    size, page = measured
    peers = size["peers"]
    assert {"duckdb", "polars", "pandas", "sqlite"} <= set(peers)
    for name, cost in peers.items():
        assert cost["equal"], name
        assert cost["cpu"] > 0, name
    assert page.count(" | equal |") == len(peers)
    other = copy.deepcopy(size)
    other["peers"] = {
        "duckdb": {"wall": 2.0, "cpu": 4.0, "equal": True},
        "polars": {"wall": 1.9, "cpu": 3.0, "equal": False},
        "pandas": {"wall": 4.1, "cpu": 4.1, "equal": True},
        "sqlite": {"failed": "no memory"},
    }
    met = {check.what: check.met for check in checks([other]) if "same rules" in check.what}
    assert met == {
        "The same rules in DuckDB, wall, of Polars": False,
        "The same rules in DuckDB, wall, of pandas": True,
    }
    write_page([other], tmp_path / "page.md")
    text = (tmp_path / "page.md").read_text("utf-8")
    assert "| Polars | 1.90 | 3.00 | 0.9 | **differ** |" in text
    assert "failed: no memory" in text
    assert "the same rules in PostgreSQL; the same rules in SQLite." in text


def _goals(size: dict[str, Any], **full: float) -> dict[str, bool]:
    other = copy.deepcopy(size)
    other["full"] |= full
    return {check.what: check.met for check in checks([other])}


def test_a_goal_is_met_up_to_its_figure_and_not_beyond(
    measured: tuple[dict[str, Any], str],
) -> None:
    size, _ = measured
    speed, width = f"Full run, CPU, of {PROJECT.name}", "Publication, bytes a Metering Point"
    assert {c.what: c.met for c in checks([size | {"full_of_older": 0.69}])}[speed]
    assert not {c.what: c.met for c in checks([size | {"full_of_older": 0.71}])}[speed]
    assert _goals(size, bytes=120 * size["points"])[width]
    assert not _goals(size, bytes=121 * size["points"])[width]


def test_goals_not_met_come_first_and_growth_is_against_the_size_before(
    measured: tuple[dict[str, Any], str], tmp_path: Path
) -> None:
    size, _ = measured
    larger = copy.deepcopy(size) | {"points": 2 * size["points"]}
    larger["full"]["process_cpu"] = 2.3 * size["full"]["process_cpu"]
    found = checks([size, larger])
    growth = next(check for check in found if check.what.startswith("Growth of CPU"))
    assert growth.found == pytest.approx(1.15)
    assert not growth.met
    verdicts = [check.met for check in found]
    assert verdicts == sorted(verdicts)
    write_page([size, larger], tmp_path / "page.md")
    assert "**not met**, 1.0 times the goal" in (tmp_path / "page.md").read_text("utf-8")
