"""The pages that need a whole market, in a real Chromium: rows that lead on."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser import test_dashboard_browser as dashboard
from tests.market_pages import AFTER, BEFORE, publication_id, rows_of, value_of
from tests.served import click_row

pytestmark = pytest.mark.browser

server = dashboard.server
context = dashboard.context
visit = dashboard.visit


@pytest.fixture(scope="module")
def warehouse(market_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy to serve: exports and logs are written beside what is published."""
    root = tmp_path_factory.mktemp("served_market") / "warehouse"
    shutil.copytree(market_warehouse / "published", root / "published")
    return root


def follow_row(page: Any, table: int, row: int, address: str) -> None:
    """Click a row of a table, and wait until the address is one that it leads to."""
    click_row(
        page.get_by_test_id("stDataFrame").nth(table),
        row,
        lambda patience: page.wait_for_url(re.compile(address), timeout=patience),
    )


@pytest.mark.parametrize("day", [BEFORE, AFTER])
def test_a_row_opens_the_supplier_and_back_returns(
    visit: Callable[..., Any], warehouse: Path, day: str
) -> None:
    page = visit(f"/suppliers?asof={publication_id(warehouse, day)}")
    first, second = rows_of(
        warehouse,
        "from marts.rpt_supplier_readiness order by points_not_qualified desc, is_qualified, "
        "live_metering_points desc, mpid limit 2",
        day,
    )
    follow_row(page, 0, 1, rf"/supplier\?.*mpid={second['mpid']}")
    page.get_by_role("heading", name=f"({second['mpid']})", level=1).wait_for()
    dashboard.settle(page)
    if day == BEFORE:
        assert f"asof={publication_id(warehouse, day)}" in page.url
    page.go_back()
    page.locator("h1", has_text="Suppliers").wait_for()
    dashboard.settle(page)
    assert "/suppliers" in page.url  # the row that was chosen does not lead on again
    follow_row(page, 0, 0, rf"/supplier\?.*mpid={first['mpid']}")


def test_a_gsp_group_leads_to_its_points(visit: Callable[..., Any], warehouse: Path) -> None:
    page = visit("/migration")
    (group,) = rows_of(
        warehouse,
        "from marts.rpt_gsp_group_progress order by migrated_share, gsp_group_id limit 1",
    )
    follow_row(page, 1, 0, f"gsp_group_id={group['gsp_group_id']}")
    held = group["points_not_qualified"]
    what = f"{held:,} exception{'' if held == 1 else 's'} match the filters"
    page.get_by_text(what).wait_for(timeout=30_000)
    listed = value_of(
        warehouse,
        "select count(*) from marts.fct_exception where rule_id = 'SUP-01' and status = 'OPEN' "
        f"and gsp_group_id = '{group['gsp_group_id']}'",
    )
    assert listed == held


def test_an_overdue_stage_leads_to_its_party(visit: Callable[..., Any], warehouse: Path) -> None:
    page = visit("/plan?market_role=SUP&qad=true")
    (stage,) = rows_of(
        warehouse,
        "from marts.fct_stage where is_overdue and market_role = 'SUP' and stage like 'QAD%' "
        "order by days_late desc, mpid limit 1",
    )
    follow_row(page, 0, 0, f"/supplier.*mpid={stage['mpid']}")


def test_an_agent_of_the_table_is_shown_below(visit: Callable[..., Any], warehouse: Path) -> None:
    page = visit("/agents")
    (agent,) = rows_of(
        warehouse,
        "from marts.rpt_agent_readiness order by points_served_not_qualified desc, is_qualified, "
        "mhhs_points_served desc, mpid, market_role limit 1",
    )
    follow_row(page, 0, 0, f"agent={agent['mpid']}%7C{agent['market_role']}")
    page.get_by_role("heading", name="Approvals by body").wait_for()
