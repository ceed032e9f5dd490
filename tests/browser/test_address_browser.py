"""Back and Forward, the permanent link, and addresses with values that no page knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import TimeoutError

from tests.browser.looks import PHONE, assert_accessible, assert_fits
from tests.fixture_publication import BEFORE, make_warehouse, publication_id
from tests.needs import chromium, open_chromium
from tests.served import free_port, serve, settle

pytestmark = pytest.mark.browser

EARLIER = publication_id(BEFORE)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    chromium()
    folder = tmp_path_factory.mktemp("served")
    port = free_port()
    warehouse = make_warehouse(folder / "warehouse")
    with serve(warehouse, port, folder / "server.log", {"MHHS_TODAY": "2026-11-11"}):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def browser(server: str) -> Iterator[Any]:
    with open_chromium() as opened:
        yield opened


@pytest.fixture
def visit(browser: Any, server: str) -> Iterator[Callable[..., Any]]:
    """Open an address in a browser of its own; `permissions` are those of the clipboard."""
    contexts = []

    def open_address(
        address: str, width: int = 1440, scheme: str = "light", permissions: tuple[str, ...] = ()
    ) -> Any:
        context = browser.new_context(
            base_url=server, color_scheme=scheme, viewport={"width": width, "height": 900}
        )
        contexts.append(context)
        if permissions:
            context.grant_permissions(list(permissions), origin=server)
        page = context.new_page()
        page.goto(address)
        settle(page)
        return page

    yield open_address
    for context in contexts:
        context.close()


def heading(page: Any, words: str) -> None:
    page.locator("h1", has_text=words).wait_for(timeout=30_000)
    settle(page)


def menu(page: Any, section: str, name: str) -> None:
    """Choose a page in the menu at the top, and wait for it."""
    page.get_by_test_id("stTopNavSection").filter(has_text=section).click()
    page.get_by_role("menuitem", name=name, exact=True).click()
    heading(page, name)


def entries(page: Any) -> int:
    return int(page.evaluate("history.length"))


def shows_the_earlier(page: Any) -> bool:
    return "20 Oct 2026" in page.locator(".mhhs-strip").inner_text()


def choose_the_earlier(page: Any) -> None:
    page.wait_for_timeout(500)  # a list that opens while the page scrolls closes again
    page.get_by_role("combobox", name="Publication").click()
    page.get_by_role("option", name="as of 20 Oct 2026").click()
    page.wait_for_url(re.compile(f"asof={EARLIER}"))
    settle(page)


def test_the_menu_pushes_one_address_that_holds_the_publication(visit: Callable[..., Any]) -> None:
    """Twice at most: on a machine under load Streamlit may lose one of several steps in a row."""
    try:
        back_and_forth(visit("/"))
    except TimeoutError:
        back_and_forth(visit("/"))


def back_and_forth(page: Any) -> None:
    choose_the_earlier(page)
    before = entries(page)
    menu(page, "What to act on", "Exceptions")
    assert entries(page) == before + 1
    assert f"/exceptions?asof={EARLIER}" in page.url
    page.go_back()
    heading(page, "Overview")
    assert f"/?asof={EARLIER}" in page.url
    assert shows_the_earlier(page)
    page.go_back()
    page.wait_for_url(re.compile(r"/$"))
    page.get_by_text("Data as of 10 Nov 2026").wait_for()
    settle(page)
    page.go_forward()
    page.wait_for_url(re.compile(f"asof={EARLIER}"))
    page.get_by_text("An earlier publication").wait_for()
    settle(page)
    page.go_forward()
    heading(page, "Exceptions")
    assert f"/exceptions?asof={EARLIER}" in page.url
    assert shows_the_earlier(page)


@pytest.mark.parametrize(
    ("section", "name"),
    [
        ("Who is ready", "Agents"),
        ("How it moves", "Changes"),
        ("Look for yourself", "SQL"),
        ("Look for yourself", "Data dictionary"),
        ("Can it be trusted", "Data health"),
    ],
)
def test_back_leaves_every_page_at_once(visit: Callable[..., Any], section: str, name: str) -> None:
    page = visit(f"/suppliers?asof={EARLIER}&size_band=large")
    before = entries(page)
    menu(page, section, name)
    assert entries(page) == before + 1
    page.go_back()
    heading(page, "Suppliers")
    assert "size_band=large" in page.url
    assert shows_the_earlier(page)
    assert "Large" in page.get_by_test_id("stMultiSelect").filter(has_text="Size band").inner_text()


def test_back_to_the_current_publication_shows_it(visit: Callable[..., Any]) -> None:
    page = visit("/changes")
    page.get_by_role("link", name="The exceptions as of 20 Oct 2026").click()
    heading(page, "Exceptions")
    assert shows_the_earlier(page)
    page.go_back()
    heading(page, "Changes")
    assert "asof" not in page.url
    assert "10 Nov 2026" in page.locator(".mhhs-strip").inner_text()


def test_back_takes_away_one_filter_however_soon(visit: Callable[..., Any]) -> None:
    page = visit("/exceptions?rule_id=SUP-01")
    page.set_viewport_size({"width": 1440, "height": 1800})
    severity = page.get_by_role("combobox", name="Severity")
    severity.click()
    page.get_by_role("option", name="Breach").click()
    page.wait_for_url(re.compile("severity=BREACH"))
    page.keyboard.press("Escape")
    settle(page)
    page.go_back()
    page.wait_for_timeout(1_000)
    settle(page)
    assert page.url.endswith("/exceptions?rule_id=SUP-01")
    chosen = page.get_by_test_id("stMultiSelect").filter(has_text="Severity")
    assert "Breach" not in chosen.inner_text()
    page.go_forward()
    page.wait_for_url(re.compile("severity=BREACH"))
    chosen.get_by_text("Breach").wait_for()


def test_a_chosen_row_is_one_step_of_the_history(visit: Callable[..., Any]) -> None:
    page = visit(f"/suppliers?asof={EARLIER}")
    before = entries(page)
    page.get_by_role("combobox", name="Open a Supplier by name").focus()
    page.wait_for_timeout(500)  # a list that opens while the page scrolls closes again
    page.keyboard.type("Yew")
    page.get_by_role("option", name="Yew Utilities").wait_for()
    page.keyboard.press("Enter")
    heading(page, "Yew Utilities")
    assert entries(page) == before + 1
    page.go_back()
    heading(page, "Suppliers")
    assert page.url.endswith(f"/suppliers?asof={EARLIER}")


def test_the_permanent_link_is_copied(visit: Callable[..., Any], server: str) -> None:
    page = visit("/exceptions?rule_id=SUP-01", permissions=("clipboard-read", "clipboard-write"))
    page.get_by_role("button", name="Copy permanent link").click()
    page.get_by_role("status").get_by_text("Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"{server}/exceptions?")
    asked = parse_qs(urlsplit(copied).query)
    assert asked["rule_id"] == ["SUP-01"]
    assert asked["asof"][0].startswith("20261110")
    assert page.get_by_role("textbox", name="Permanent link").count() == 0
    page.get_by_role("button", name="Copy permanent link").wait_for()  # "Copied" does not stay


def assert_offers_the_link(page: Any, start: str) -> None:
    button = page.get_by_role("button", name="Copy permanent link")
    button.click()
    box = page.get_by_role("textbox", name="Permanent link")
    box.wait_for()
    link = box.input_value()
    assert link.startswith(start)
    assert "asof=20261110" in link
    assert page.evaluate("getSelection().toString()") == link
    page.keyboard.press("Escape")
    box.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.textContent").endswith("Copy permanent link")


def test_where_copying_is_refused_the_link_is_shown_selected(
    visit: Callable[..., Any], server: str
) -> None:
    page = visit("/exceptions?rule_id=SUP-01")
    session = page.context.new_cdp_session(page)
    target = session.send("Target.getTargetInfo")["targetInfo"]
    session.send(
        "Browser.setPermission",
        {
            "permission": {"name": "clipboard-write", "allowWithoutSanitization": False},
            "setting": "denied",
            "origin": server,
            "browserContextId": target["browserContextId"],
        },
    )
    assert_offers_the_link(page, f"{server}/exceptions?")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, 1440])
def test_the_link_that_is_shown_fits_and_is_accessible(
    visit: Callable[..., Any], server: str, scheme: str, width: int
) -> None:
    page = visit("/suppliers", width, scheme)
    page.evaluate("delete Navigator.prototype.clipboard")
    page.get_by_role("button", name="Copy permanent link").click()
    box = page.get_by_role("textbox", name="Permanent link")
    box.wait_for()
    edges = box.bounding_box()
    assert edges["x"] >= 0
    assert edges["x"] + edges["width"] <= width
    assert_fits(page, width)
    assert_accessible(page)


def test_an_unknown_filter_value_lists_nothing_and_can_be_cleared(
    visit: Callable[..., Any],
) -> None:
    page = visit("/exceptions?rule_id=SUP-99&severity=BREACH")
    page.get_by_text("“SUP-99” is not a value of the filter Rule").wait_for()
    assert page.get_by_text(re.compile(r"exceptions? (match|in all)")).count() == 0
    assert "rule_id=SUP-99" in page.url
    page.get_by_role("button", name="Clear this value").click()
    page.get_by_text("exceptions match the filters").wait_for()
    page.wait_for_url(re.compile(r"/exceptions\?severity=BREACH$"))
    page.go_back()
    page.get_by_text("“SUP-99” is not a value of the filter Rule").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, 1440])
def test_what_is_said_of_unknown_values_fits_and_is_accessible(
    visit: Callable[..., Any], scheme: str, width: int
) -> None:
    page = visit("/exceptions?rule_id=SUP-99&occurred_from=2026-13-45&page=x", width, scheme)
    page.get_by_text("“SUP-99” is not a value of the filter Rule").wait_for()
    assert_fits(page, width)
    assert_accessible(page)
