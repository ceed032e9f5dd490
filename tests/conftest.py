"""Fixtures that several kinds of test share."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

# Before anything asks: the days of all test files are near this one, whatever the machine says.
os.environ.setdefault("MHHS_TODAY", "2026-11-30")

from pipeline.locking import warehouse_lock
from pipeline.sql_text import mpan_text
from tests.command import pipeline
from tests.fixture_publication import make_warehouse
from tests.needs import skipped_line
from tests.short import short

# Files that take minutes come first, so that no process is left with one of them in the end.
_LONGEST = (
    "test_increment",
    "test_golden",
    "test_run",
    "test_accessibility_browser",
    "test_ledger_random",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem not in _LONGEST)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if line := skipped_line(terminalreporter.stats.get("skipped", [])):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def fixture_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with one publication before M14 and one after it, for reading only."""
    return make_warehouse(tmp_path_factory.mktemp("fixture") / "warehouse")


@pytest.fixture(scope="session")
def market_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated market through the whole line, as of 20 October and 9 November 2026, to read.

    Made by the process of the run that needs it first; each has its own copy.
    """
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "market-of-all"
    warehouse = root / "warehouse"
    with warehouse_lock(root, wait_seconds=800):
        if not (root / "done").exists():
            _make_market(root / "landing", warehouse)
            (root / "done").touch()
    return shutil.copytree(warehouse, tmp_path_factory.mktemp("market") / "warehouse")


def _make_market(landing: Path, warehouse: Path) -> None:
    pipeline(
        *("simulate", "--points", "3000", "--seed", "14", "--landing", landing),
        *("--from", "2026-10-01", "--to", "2026-11-10"),
    )
    where = ("--landing", landing, "--warehouse", warehouse)
    short("run", *where, "--as-of", "2026-10-20", data_tests=True)
    short("run", *where, data_tests=True)


@pytest.fixture(scope="session")
def crowded(market_warehouse: Path) -> str:
    """The MPAN with the most rules that are true, and of those the most appointments."""
    from tests.app_pages import ask, publications_of  # with Streamlit, which few tests need

    found = ask(
        publications_of(market_warehouse)[-1],
        f"""
        select {mpan_text("mpan")}
        from fct_exception
        where mpan in (select mpan from fct_regime)
        group by mpan
        order by
            count(distinct rule_id) desc,
            (select count(*) from fct_appointment as served where served.mpan = fct_exception.mpan)
                desc,
            mpan
        limit 1
        """,
    )
    return str(found[0][0])
