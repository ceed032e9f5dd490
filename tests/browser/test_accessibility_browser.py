"""Every page of the menu in a real Chromium, light and dark, phone to wall: axe and widths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dashboards.registry import PAGES
from tests.browser import test_market_browser as market
from tests.browser.looks import PHONE, assert_accessible, assert_fits

pytestmark = pytest.mark.browser

warehouse = market.warehouse
server = market.server
context = market.context
visit = market.visit

# Loaded at the first width, then drawn out or in to the others.
WIDTHS = {"light": (PHONE, 320, 1280, 1920, 2560), "dark": (1280, 1920, 2560, PHONE, 320)}
AXE_WIDTHS = {PHONE, 1280, 1920}


@pytest.fixture(scope="module")
def subjects(crowded: str) -> dict[str, str]:
    """What the pages about one thing show it for."""
    return {
        "supplier": "/supplier?mpid=ZALD",
        "agents": "/agents?agent=ZTAR%7CSDS",
        "networks": "/networks?dno=EELC",
        "point": f"/point?mpan={crowded}",
        "overview": "/",
    }


@pytest.mark.parametrize("scheme", WIDTHS)
@pytest.mark.parametrize("name", [entry.name for entry in PAGES])
def test_a_page_is_accessible_and_fits(
    visit: Callable[..., Any],
    subjects: dict[str, str],
    name: str,
    scheme: str,
) -> None:
    page = visit(subjects.get(name, f"/{name}"), scheme=scheme, width=WIDTHS[scheme][0])
    for width in WIDTHS[scheme]:
        page.set_viewport_size({"width": width, "height": 900})
        assert_fits(page, width)
        if width in AXE_WIDTHS:
            assert_accessible(page)


def test_a_look_up_without_an_mpan_is_accessible_and_fits(visit: Callable[..., Any]) -> None:
    page = visit("/point", width=PHONE)
    assert_fits(page, PHONE)
    assert_accessible(page)
