"""Every page of the menu in a real Chromium, light and dark, phone to wall: axe and widths."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashboards.registry import PAGES
from tests.app_pages import ask, publications_of
from tests.browser import test_market_browser as market
from tests.browser.looks import PHONE, assert_accessible, assert_fits

pytestmark = pytest.mark.browser

warehouse = market.warehouse
server = market.server
context = market.context
visit = market.visit

# Loaded at the first width of each row, then drawn out or in to the others.
WIDTHS = ((PHONE, 320), (1280, 1920, 2560))
AXE_WIDTHS = {PHONE, 1280, 1920}


@pytest.fixture(scope="module")
def subjects(market_warehouse: Path) -> dict[str, str]:
    """What the pages about one thing show it for; of all MPANs the one with the most rules."""
    ((mpan,),) = ask(
        publications_of(market_warehouse)[-1],
        """
        select mpan
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
    return {
        "supplier": "/supplier?mpid=ZALD",
        "agents": "/agents?agent=ZTAR%7CSDS",
        "networks": "/networks?dno=EELC",
        "point": f"/point?mpan={mpan}",
        "overview": "/",
    }


@pytest.mark.parametrize("widths", WIDTHS, ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [entry.name for entry in PAGES])
def test_a_page_is_accessible_and_fits(
    visit: Callable[..., Any],
    subjects: dict[str, str],
    name: str,
    scheme: str,
    widths: tuple[int, ...],
) -> None:
    page = visit(subjects.get(name, f"/{name}"), scheme=scheme, width=widths[0])
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        assert_fits(page, width)
        if width in AXE_WIDTHS:
            assert_accessible(page)


def test_a_look_up_without_an_mpan_is_accessible_and_fits(visit: Callable[..., Any]) -> None:
    page = visit("/point", width=PHONE)
    assert_fits(page, PHONE)
    assert_accessible(page)
