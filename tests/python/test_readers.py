"""The measurement of many readers: it visits every page, and pages give no errors to it."""

from __future__ import annotations

from pathlib import Path

from dashboards.registry import PAGES
from tests.bench.readers import ASIDE, measure


def test_readers_click_through_every_page_without_an_error(fixture_warehouse: Path) -> None:
    found = measure(fixture_warehouse, readers=3, seconds=6)
    assert set(found["cold"]["pages"]) == {entry.name for entry in PAGES} - ASIDE
    assert found["cold"]["errors"] == found["warm"]["errors"] == []
    assert found["warm"]["all"]["visits"] >= 3
