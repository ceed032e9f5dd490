"""The dashboards as people meet them: a real server, a real Chromium."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dashboards import links
from dashboards.auth import LOCAL_USER
from tests.fixture_publication import AFTER, BEFORE, FORMULA, make_warehouse, publication_id
from tests.needs import chromium, open_chromium
from tests.served import click_row, free_port, serve, settle

pytestmark = pytest.mark.browser

SECRET = "only for tests"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_warehouse(tmp_path_factory.mktemp("served") / "warehouse")


@pytest.fixture(scope="module")
def server(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    chromium()
    port = free_port()
    log = tmp_path_factory.mktemp("log") / "server.log"
    variables = {"MHHS_LINK_SECRET": SECRET, "MHHS_TODAY": "2026-11-11"}
    with serve(warehouse, port, log, variables):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def context(server: str) -> Iterator[Any]:
    with open_chromium() as browser:
        yield browser.new_context(accept_downloads=True, base_url=server)


@pytest.fixture
def visit(context: Any) -> Iterator[Callable[..., Any]]:
    """Open an address and wait until the whole page stands."""
    pages = []

    def open_address(address: str, scheme: str = "light", width: int = 1280) -> Any:
        page = context.new_page()
        pages.append(page)
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(address)
        settle(page)
        return page

    yield open_address
    for page in pages:
        page.close()


def path_of(page: str) -> str:
    return "/" if page == "overview" else f"/{page}"


def count(warehouse: Path, test: str) -> int:
    path = warehouse / "published" / f"{publication_id(AFTER)}.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        sql = f"select count(*) from marts.fct_exception where {test}"
        return int(connection.execute(sql).fetchall()[0][0])


def test_the_first_request_of_a_server_can_be_a_deep_link(
    visit: Callable[..., Any], warehouse: Path
) -> None:
    page = visit("/exceptions?rule_id=SUP-01&mpid=WILL")
    assert page.locator("h1").inner_text() == "Exceptions"
    rows = count(warehouse, "rule_id = 'SUP-01' and mpid = 'WILL'")
    page.get_by_text(f"{rows:,} exceptions match the filters").wait_for()


@pytest.mark.parametrize(
    ("page_name", "says"),
    [
        ("overview", "1,570 Metering Points (1.9\u00a0%) are in breach"),
        ("suppliers", "4 of 20 Suppliers are not Qualified"),
        ("exceptions", "1,582 open breaches among 1,582 exceptions"),
        ("changes", "350 exceptions added"),
        ("health", "These figures can be trusted"),
    ],
)
def test_each_page_answers_on_its_first_screen(
    visit: Callable[..., Any], page_name: str, says: str
) -> None:
    page = visit(path_of(page_name))
    lead = page.locator(".mhhs-lead")
    assert says in lead.inner_text()
    box = lead.bounding_box()
    assert box["y"] + box["height"] < 500


def test_before_m14_the_overview_speaks_of_risk(visit: Callable[..., Any]) -> None:
    page = visit(f"/?asof={publication_id(BEFORE)}")
    assert "are at risk" in page.locator(".mhhs-lead").inner_text()
    assert "An earlier publication" in page.locator(".mhhs-strip").inner_text()


def test_a_number_leads_to_its_rows_and_keeps_the_publication(visit: Callable[..., Any]) -> None:
    page = visit(f"/?asof={publication_id(BEFORE)}")
    page.get_by_role("link", name="See these points").click()
    page.get_by_text("2,220 exceptions match the filters").wait_for(timeout=30_000)
    assert f"asof={publication_id(BEFORE)}" in page.url
    assert "rule_id=SUP-01" in page.url
    page.go_back()
    page.locator("h1", has_text="Overview").wait_for()
    settle(page)
    assert "are at risk" in page.locator(".mhhs-lead").inner_text()


def test_choosing_a_filter_writes_the_address(visit: Callable[..., Any], warehouse: Path) -> None:
    page = visit("/exceptions")
    severity = page.get_by_role("combobox", name="Severity")
    severity.scroll_into_view_if_needed()
    page.wait_for_timeout(500)  # a list that opens while the page scrolls closes again
    severity.click()
    page.get_by_role("option", name="Breach").click()
    page.get_by_text("exceptions match the filters").wait_for()
    page.wait_for_url(re.compile("severity=BREACH"))
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_text(f"{count(warehouse, 'true'):,} exceptions in all").wait_for()
    page.wait_for_url(re.compile(r"/exceptions$"))


def test_filters_chosen_in_quick_succession_all_stay(visit: Callable[..., Any]) -> None:
    page = visit("/exceptions")
    page.set_viewport_size({"width": 1280, "height": 1800})  # an open list closes on scrolling
    page.wait_for_timeout(500)
    for label, option in (("Severity", "Breach"), ("Status", "Open"), ("Market segment", "Smart")):
        page.get_by_role("combobox", name=label).click()
        page.get_by_role("option", name=option).click()
        page.keyboard.press("Escape")
    page.wait_for_url(re.compile("severity=BREACH.*status=OPEN.*market_segment=S"))


def test_a_row_of_the_register_filters_the_list(visit: Callable[..., Any], warehouse: Path) -> None:
    page = visit("/exceptions")
    click_row(
        page.get_by_test_id("stDataFrame").first,
        0,
        lambda patience: page.wait_for_url(re.compile("rule_id=SUP-01"), timeout=patience),
    )
    rows = count(warehouse, "rule_id = 'SUP-01'")
    page.get_by_text(f"{rows:,} exceptions match the filters").wait_for()


def test_the_downloaded_file_is_the_list_on_the_page(
    visit: Callable[..., Any], warehouse: Path
) -> None:
    rows = count(warehouse, "severity = 'BREACH' and mpid in ('SORB', 'HYPE')")
    page = visit("/exceptions?severity=BREACH&mpid=SORB&mpid=HYPE")
    page.get_by_text(f"{rows:,} exceptions match the filters").wait_for()
    page.get_by_role("button", name=f"Prepare CSV of {rows:,} rows").click()
    link = page.get_by_role("link", name=f"Download CSV: {rows:,} rows")
    with page.expect_download(timeout=30_000) as started:
        link.click(timeout=30_000)
    download = started.value
    name = f"mhhs_exceptions_{publication_id(AFTER)}_{rows}rows.csv"
    assert download.suggested_filename == name
    content = Path(download.path()).read_bytes()
    found = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(found) == rows
    assert {row["participant_name"] for row in found} == {"Sorbus Supply", f"'{FORMULA}"}

    (stored,) = warehouse.glob(f"exports/*/*/{name}")
    assert stored.read_bytes() == content
    manifest = json.loads(stored.with_name(f"{name}.manifest.json").read_text())
    assert manifest["rows"] == rows
    assert manifest["bytes"] == len(content)
    assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
    audit = (warehouse / "logs/audit.jsonl").read_text().splitlines()
    assert json.loads(audit[-1])["rows"] == rows
    assert json.loads(audit[-1])["user"] == "local"

    again = visit("/exceptions?severity=BREACH&mpid=HYPE&mpid=SORB")
    again.get_by_role("link", name=f"Download CSV: {rows:,} rows").wait_for()


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_links_that_expired_or_were_changed_are_refused(
    server: str, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "_SECRET", SECRET.encode())
    file = warehouse / "exports" / "p" / "h" / "list.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("a\n")
    now = int(time.time())

    def fetch(token: str) -> int:
        return status(server + links.ROUTE.format(token=token))

    good = links.sign(links.Claim("p/h/list.csv", LOCAL_USER.key, now + 60))
    body, _, signature = good.partition(".")
    assert fetch(good) == 200
    assert fetch(links.sign(links.Claim("p/h/list.csv", LOCAL_USER.key, now - 1))) == 403
    assert fetch(f"{body[:-2]}AA.{signature}") == 403
    assert fetch("nothing") == 403
    assert fetch(links.sign(links.Claim("p/h/gone.csv", LOCAL_USER.key, now + 60))) == 404
    escape = links.Claim("../published/CURRENT", LOCAL_USER.key, now + 60)
    assert fetch(links.sign(escape)) == 404
    assert status(f"{server}/exports/p/h/list.csv") == 404


def test_a_permanent_link_restores_publication_and_filters(visit: Callable[..., Any]) -> None:
    query = f"asof={publication_id(BEFORE)}&rule_id=SUP-01&mpid=YEWX&occurred_from=2025-08-01"
    page = visit(f"/exceptions?{query}")
    link = page.locator(".mhhs-copy-place").get_attribute("data-link")
    said = page.get_by_text("exceptions match the filters").inner_text()
    other = visit(link)
    assert other.get_by_text("exceptions match the filters").inner_text() == said
    assert "20 Oct 2026" in other.locator(".mhhs-strip").inner_text()
    chosen = other.get_by_test_id("stMultiSelect").filter(has_text="Supplier or agent")
    assert "Yew Utilities (YEWX)" in chosen.inner_text()


def test_a_row_of_the_table_can_be_reached_without_a_mouse(visit: Callable[..., Any]) -> None:
    page = visit("/suppliers")
    page.get_by_role("combobox", name="Open a Supplier by name").focus()
    page.wait_for_timeout(500)  # a list that opens while the page scrolls closes again
    page.keyboard.type("Yew")
    page.get_by_role("option", name="Yew Utilities").wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Yew Utilities (YEWX)").wait_for()
    page.wait_for_url(re.compile(r"/supplier\?mpid=YEWX"))
    page.go_back()
    page.locator("h1", has_text="Suppliers").wait_for()
    settle(page)
    assert "/suppliers" in page.url  # the name that was chosen does not lead on again
