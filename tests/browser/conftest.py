"""Signing in through a real provider, in a real Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dashboards import links
from tests.browser.signing_in import SECRET, Site, listen, sign_in
from tests.fixture_publication import AFTER, make_warehouse, publication_id
from tests.identity import access_file, provider
from tests.needs import chromium, open_chromium
from tests.served import free_port, serve


@pytest.fixture
def signed_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Links signed as the server signs them."""
    monkeypatch.setattr(links, "_SECRET", SECRET.encode())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    chromium()
    folder = tmp_path_factory.mktemp("access")
    warehouse = make_warehouse(folder / "warehouse")
    port = free_port()
    address = f"http://localhost:{port}"
    variables = {"MHHS_LINK_SECRET": SECRET, "MHHS_TODAY": "2026-11-11"}
    with provider(free_port()) as metadata_url:
        settings = access_file(folder, address, metadata_url)
        with serve(warehouse, port, folder / "server.log", variables, settings):
            issuer = metadata_url.partition("/.well-known")[0]
            yield Site(address, warehouse, _mpans(warehouse), issuer)


def _mpans(warehouse: Path) -> frozenset[bytes]:
    path = warehouse / "published" / f"{publication_id(AFTER)}.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute("select distinct mpan from marts.fct_exception").fetchall()
    return frozenset(b"%013d" % mpan for (mpan,) in found if mpan)


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[Any]:
    with open_chromium() as opened:
        yield opened


@pytest.fixture
def somebody(browser: Any, site: Site) -> Iterator[Callable[..., Any]]:
    """A browser of somebody who is not signed in, with these cookies."""
    contexts = []

    def arrive(cookies: dict[str, str] | None = None, **options: Any) -> Any:
        context = browser.new_context(base_url=site.address, **options)
        contexts.append(context)
        context.add_cookies(
            [
                {"name": name, "value": value, "url": site.address}
                for name, value in (cookies or {}).items()
            ]
        )
        return context.new_page()

    yield arrive
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def reader(browser: Any, site: Site) -> Iterator[Callable[[str], Any]]:
    """One page per person, signed in once; what the server sends to it is kept in `received`."""
    pages: dict[str, Any] = {}

    def page_of(name: str) -> Any:
        if name not in pages:
            page = browser.new_context(base_url=site.address, accept_downloads=True).new_page()
            page.received = bytearray()
            page.on("websocket", lambda socket: listen(socket, page))
            page.goto("/")
            sign_in(page, name)
            pages[name] = page
        return pages[name]

    yield page_of
    for page in pages.values():
        page.context.close()
