"""Every page in a real Chromium: nothing is asked of another host, and the tab says what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from dashboards import failures
from dashboards.registry import PAGES, PageEntry
from dashboards.shell import DESCRIPTION
from tests.fixture_publication import make_warehouse
from tests.needs import chromium, open_chromium
from tests.served import free_port, serve, settle

pytestmark = pytest.mark.browser

# Every title that a tab has shown since the page began.
_TITLES = """
window.titles = [];
new MutationObserver(() => {
  if (window.titles.at(-1) !== document.title) window.titles.push(document.title);
}).observe(document, {childList: true, subtree: true, characterData: true});
"""


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_warehouse(tmp_path_factory.mktemp("served") / "warehouse")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "server.log"


@pytest.fixture(scope="module")
def server(warehouse: Path, log: Path) -> Iterator[str]:
    chromium()
    port = free_port()
    with serve(warehouse, port, log, {"MHHS_TODAY": "2026-11-11"}):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def context(server: str) -> Iterator[Any]:
    with open_chromium() as browser:
        context = browser.new_context(base_url=server)
        context.add_init_script(_TITLES)
        yield context


@pytest.fixture
def page(context: Any) -> Iterator[Any]:
    opened = context.new_page()
    opened.asked, opened.said = [], []
    opened.on("request", lambda request: opened.asked.append(request.url))
    opened.on("websocket", lambda socket: opened.asked.append(socket.url))
    opened.on("console", lambda message: opened.said.append(message.text))
    yield opened
    opened.close()


def hosts_of(addresses: list[str]) -> set[str]:
    parts = [urlsplit(address) for address in addresses]
    return {part.netloc for part in parts if part.scheme not in {"data", "blob"}}


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.name)
def test_a_page_asks_no_other_host_and_has_its_title(
    page: Any, server: str, entry: PageEntry
) -> None:
    page.goto(f"/{entry.name}")
    settle(page)
    page.wait_for_load_state("networkidle")
    assert hosts_of(page.asked) == {urlsplit(server).netloc}
    assert not [text for text in page.said if "Content Security Policy" in text]

    assert page.locator("h1").count() == 1
    assert page.get_by_text("Page not found").count() == 0
    assert page.title() == f"{entry.title} · MHHS readiness"
    titles = page.evaluate("window.titles")
    assert titles[0] == page.title()  # as the server sent it
    assert not [title for title in titles if "Streamlit" in title]
    description = page.locator("meta[name=description]").get_attribute("content")
    assert description == DESCRIPTION
    icon = page.locator("link[rel='shortcut icon']").get_attribute("href")
    assert icon.startswith(("/icon.svg", "data:image/svg+xml"))


def test_going_from_page_to_page_asks_no_other_host(page: Any, server: str) -> None:
    page.goto("/")
    settle(page)
    page.get_by_role("link", name="Data health").first.click()
    page.wait_for_url("**/health**")
    settle(page)
    page.go_back()
    settle(page)
    assert page.title() == "Overview · MHHS readiness"
    assert hosts_of(page.asked) == {urlsplit(server).netloc}


def test_an_address_that_does_not_exist_is_a_page_that_says_so(page: Any) -> None:
    answer = page.goto("/nowhere")
    assert answer.status == 404
    assert page.title() == "Not found · MHHS readiness"
    page.get_by_role("link", name="Go to the Overview").click()
    settle(page)
    assert page.title() == "Overview · MHHS readiness"


def test_an_error_of_a_page_is_a_sentence_and_a_reference_in_the_log(
    page: Any, tmp_path: Path
) -> None:
    """A publication whose file is damaged, on a server that has not read it before."""
    warehouse, log = make_warehouse(tmp_path / "warehouse"), tmp_path / "server.log"
    for path in (warehouse / "published").glob("*.duckdb"):
        path.write_bytes(b"not a database" + path.read_bytes()[14:])
    port = free_port()
    with serve(warehouse, port, log, {"MHHS_TODAY": "2026-11-11"}):
        page.goto(f"http://127.0.0.1:{port}/networks")
        words = failures.WORDS.split("{id}")[0]
        page.get_by_text(words).first.wait_for(timeout=60_000)
        shown = page.get_by_text(words).first.inner_text()
        reference = re.findall(r"[0-9a-f]{8}", shown)[-1]
        lines = log.read_text()
        assert f"Error {reference}" in lines
        assert "Traceback" in lines[lines.index(reference) :]
        for box in ("stException", "stErrorCodeBlock"):
            assert page.get_by_test_id(box).count() == 0
        whole_page = page.locator("body").inner_text()
        for detail in ("Ask Google", "Ask ChatGPT", "Traceback", "duckdb", str(warehouse)):
            assert detail not in whole_page
