"""What every page must be in a browser: accessible by the rules of axe, no wider than it is."""

from __future__ import annotations

import time
from typing import Any

from axe_playwright_python.sync_playwright import Axe

PHONE = 390
_RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
}
_PATIENCE_SECONDS = 10.0


def assert_accessible(page: Any) -> None:
    """Axe has nothing serious or critical to say, once colours have faded in."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        page.wait_for_timeout(600)
        serious = [
            (each["id"], [node["html"][:200] for node in each["nodes"]])
            for each in Axe().run(page, options=_RULES).response["violations"]
            if each["impact"] in {"serious", "critical"}
        ]
        if not serious or time.monotonic() > until:
            assert not serious, serious
            return


def assert_fits(page: Any, width: int) -> None:
    """Nothing scrolls sideways, once charts have taken the width of their column."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while (widest := _widest(page)) > width and time.monotonic() < until:
        page.wait_for_timeout(200)
    assert widest <= width, page.url


def _widest(page: Any) -> int:
    return int(
        page.evaluate(
            "Math.max(...[document.documentElement,"
            " document.querySelector('[data-testid=stMain]')].map(each => each.scrollWidth))"
        )
    )
