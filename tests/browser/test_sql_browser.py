"""SQL and the data dictionary in a real Chromium: with the keyboard alone, with answers shown."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.browser.looks import PHONE, assert_accessible, assert_fits
from tests.browser.test_dashboard_browser import context, server, visit, warehouse
from tests.served import settle

__all__ = ["context", "server", "visit", "warehouse"]

pytestmark = pytest.mark.browser

COUNT = "select rule_id, count(*) as n from fct_exception group by all order by n desc, rule_id"


def ask(page: Any) -> None:
    page.get_by_role("button", name="Run").click()
    page.get_by_role("heading", name="Answer").wait_for(timeout=40_000)


def test_a_query_is_written_and_run_with_the_keyboard_alone(visit: Callable[..., Any]) -> None:
    page = visit("/sql")
    editor = page.get_by_role("textbox", name="Query")
    for _ in range(60):
        page.keyboard.press("Tab")
        if editor.evaluate("each => each === document.activeElement"):
            break
    else:
        pytest.fail("Tab does not reach the editor")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(COUNT)
    page.keyboard.press("Control+Enter")
    page.get_by_text(re.compile(r"\d+ rows in \d")).wait_for(timeout=40_000)
    page.wait_for_url(re.compile("sql=select"))
    settle(page)
    for _ in range(3):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText").startswith("play_arrow"):
            break
    page.keyboard.press("Enter")  # the button itself, without its shortcut
    page.get_by_text(re.compile(r"\d+ rows in \d")).wait_for(timeout=40_000)


def test_a_table_of_the_schema_opens_with_the_keyboard(visit: Callable[..., Any]) -> None:
    page = visit("/sql")
    page.get_by_label("Find a table or column").fill("reason_detail")
    page.keyboard.press("Enter")
    column = page.locator("dt", has_text="reason_detail")
    column.wait_for()  # what was searched for stands open
    page.locator("summary", has_text="fct_exception").focus()
    page.keyboard.press("Enter")
    column.wait_for(state="hidden")


def test_every_row_comes_as_a_file(visit: Callable[..., Any], warehouse: Path) -> None:
    page = visit(f"/sql?sql={quote('from range(12345)')}")
    ask(page)
    page.get_by_text("The first 10,000 rows", exact=True).wait_for()
    page.get_by_role("button", name="Prepare CSV of every row").click()
    link = page.get_by_role("link", name="Download CSV: 12,345 rows")
    with page.expect_download(timeout=40_000) as started:
        link.click(timeout=40_000)
    content = Path(started.value.path()).read_bytes().decode("utf-8-sig")
    assert len(list(csv.DictReader(io.StringIO(content)))) == 12_345
    lines = [json.loads(line) for line in (warehouse / "logs/audit.jsonl").open()]
    assert [each["rows"] for each in lines if each["kind"] == "sql_export"] == [12_345]


def test_a_running_query_can_be_left(visit: Callable[..., Any], warehouse: Path) -> None:
    page = visit(f"/sql?sql={quote('select count(*) from range(10000000) a, range(9999999) b')}")
    page.get_by_role("button", name="Run").click()
    page.get_by_text("Running: at most 20 seconds").wait_for(timeout=20_000)
    page.get_by_role("textbox", name="Query").fill("select 1 as n")
    page.get_by_role("button", name="Run").click()
    page.get_by_text("1 row in").wait_for(timeout=40_000)
    lines = [json.loads(line) for line in (warehouse / "logs/audit.jsonl").open()]
    assert [each["outcome"] for each in lines if "range ( ? ) a" in (each.get("sql") or "")] == [
        "stopped"
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("address", "acts"),
    [
        (f"/sql?sql={quote(COUNT)}", True),
        (f"/sql?sql={quote('select no_such_column from dim_rule')}", True),
        ("/dictionary?model=fct_exception", False),
        ("/dictionary?rule=SUP-01", False),
        ("/dictionary?part=measures", False),
    ],
)
def test_axe_finds_nothing_serious_in_what_opens(
    visit: Callable[..., Any], address: str, acts: bool, scheme: str
) -> None:
    page = visit(address, scheme=scheme)
    if acts:
        ask(page)
        for summary in page.locator(".mhhs-schema summary").all()[:2]:
            summary.click()
    if "group" in address:
        page.get_by_text("Show as a chart").click()
        page.get_by_text("The same numbers as a table").wait_for()
    page.mouse.move(2, 400)
    assert_accessible(page)


@pytest.mark.parametrize(
    "address", [f"/sql?sql={quote('from fct_exception')}", "/dictionary?model=fct_exception"]
)
def test_an_answer_does_not_scroll_the_phone_sideways(
    visit: Callable[..., Any], address: str
) -> None:
    page = visit(address, width=PHONE)
    if "sql" in address:
        ask(page)
        answer = page.get_by_role("heading", name="Answer").bounding_box()
        schema = page.get_by_label("Find a table or column").bounding_box()
        assert answer["y"] < schema["y"]  # below its query, above the schema
    assert_fits(page, PHONE)
