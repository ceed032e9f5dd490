"""From a row to its proof, between publications, and down to the files: on a simulated market."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.app_pages import ask, publications_of
from tests.needs import chromium, open_chromium
from tests.served import click_row, free_port, serve, settle

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(market_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    chromium()
    port = free_port()
    log = tmp_path_factory.mktemp("log") / "server.log"
    with serve(market_warehouse, port, log, {"MHHS_TODAY": "2026-11-11"}):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with open_chromium() as opened:
        yield opened


@pytest.fixture
def visit(browser: Any, server: str) -> Iterator[Callable[..., Any]]:
    contexts = []

    def open_address(address: str, scheme: str = "light", width: int = 1280) -> Any:
        context = browser.new_context(
            base_url=server, color_scheme=scheme, viewport={"width": width, "height": 900}
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(address)
        settle(page)
        return page

    yield open_address
    for context in contexts:
        context.close()


def test_a_row_of_the_exceptions_leads_to_its_proof(
    visit: Callable[..., Any], market_warehouse: Path
) -> None:
    page = visit("/exceptions?rule_id=SUP-01")
    proof = page.get_by_role("link", name="Prove it")
    click_row(
        page.get_by_test_id("stDataFrame").last,
        0,
        lambda patience: proof.wait_for(timeout=patience),
    )
    proof.click()
    page.locator("h1", has_text="Metering Point").wait_for()
    settle(page)
    mpan = re.search(r"mpan=(\d{13})", page.url)
    assert mpan, page.url
    ((rules,),) = ask(
        publications_of(market_warehouse)[-1],
        "select count(distinct rule_id) from fct_exception where mpan = ?",
        [int(mpan.group(1))],
    )
    assert page.locator(".mhhs-lead").inner_text().startswith(f"{rules} rule")
    page.go_back()
    page.locator("h1", has_text="Exceptions").wait_for()
    settle(page)
    assert "rule_id=SUP-01" in page.url


def test_a_point_is_looked_up_with_the_keyboard_alone(
    visit: Callable[..., Any], crowded: str
) -> None:
    page = visit("/point")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == "MPAN":
            break
    else:
        pytest.fail("the field for the MPAN is not reached with Tab")
    page.keyboard.type(crowded)
    page.keyboard.press("Enter")
    page.locator(".mhhs-lead", has_text="true of this Metering Point").wait_for(timeout=30_000)
    page.wait_for_url(re.compile(f"mpan={crowded}"))
    settle(page)
    # On to the table behind the chart, and open it.
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    page.keyboard.press("Enter")
    page.get_by_role("cell", name="Arrangements").or_(
        page.get_by_role("rowheader", name="Arrangements")
    ).first.wait_for()


def test_changes_are_narrowed_with_the_keyboard_alone(visit: Callable[..., Any]) -> None:
    page = visit("/changes")
    field = page.get_by_role("combobox", name="Change", exact=True)
    field.focus()
    page.keyboard.type("Resol")
    page.get_by_role("option", name="Resolved").wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("change=RESOLVED"))
    page.get_by_text("match the filters").wait_for()


def test_the_strip_leads_to_data_health_and_keeps_the_publication(
    visit: Callable[..., Any], market_warehouse: Path
) -> None:
    before = publications_of(market_warehouse)[0].stem
    page = visit(f"/point?asof={before}")
    page.get_by_test_id("stMain").get_by_role("link", name="Data health").click()
    page.locator("h1", has_text="Data health").wait_for()
    settle(page)
    assert f"asof={before}" in page.url
    assert "20 Oct 2026" in page.locator(".mhhs-strip").inner_text()


def test_a_permanent_link_restores_a_comparison(
    visit: Callable[..., Any], market_warehouse: Path
) -> None:
    page = visit("/changes?rule_id=SUP-01")
    said = page.locator(".mhhs-lead").inner_text()
    link = page.locator(".mhhs-copy-place").get_attribute("data-link")
    before, after = publications_of(market_warehouse)
    assert f"asof={after.stem}&before={before.stem}&rule_id=SUP-01" in link
    other = visit(link)
    assert other.locator(".mhhs-lead").inner_text() == said
