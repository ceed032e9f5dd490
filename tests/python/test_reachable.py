"""What the server answers at all: every route of Streamlit is decided on, the rest is not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from streamlit.file_util import get_static_dir

from dashboards import reachable
from dashboards.reachable import ANYONE, NOBODY, SIGNED_IN, SIGNING_IN, SOCKET, who_may
from dashboards.registry import PAGES
from tests.command import PROJECT

DECIDED = {*ANYONE, *SIGNING_IN, *SIGNED_IN, *NOBODY}


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[BaseRoute]]:
    """Every route of the app as it is served."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MHHS_WAREHOUSE", str(tmp_path_factory.mktemp("warehouse")))
        patch.syspath_prepend(str(PROJECT))
        from streamlit.runtime import Runtime, RuntimeConfig  # noqa: F401
        from streamlit.web.server.starlette.starlette_app import create_streamlit_routes

        from dashboards.asgi import app

        runtime = app._runtime or app._create_runtime()
        yield [*app._user_routes, *create_streamlit_routes(runtime)]
        Runtime._instance = None


def offered(routes: list[BaseRoute]) -> set[tuple[str, str]]:
    """(method, pattern) of each; HEAD comes with GET."""
    found: set[tuple[str, str]] = set()
    for route in routes:
        if isinstance(route, Route):
            found |= {(method, route.path) for method in route.methods or () if method != "HEAD"}
        elif isinstance(route, WebSocketRoute):
            found.add((SOCKET, route.path))
        else:
            assert isinstance(route, Mount), route
            assert route.path == "", route  # Streamlit's static folder, and its shell for the rest
            found |= {("GET", each) for each in static_files()}
    return found


def static_files() -> set[str]:
    folder = Path(get_static_dir())
    tops = {path.relative_to(folder).parts[0] for path in folder.rglob("*") if path.is_file()}
    return {"/static/{path:path}" if (folder / top).is_dir() else f"/{top}" for top in tops}


def test_every_route_of_the_installed_streamlit_is_decided_on(routes: list[BaseRoute]) -> None:
    undecided = offered(routes) - DECIDED
    assert not undecided, "decide in dashboards/reachable.py who may reach these"


def test_every_address_that_is_let_through_is_served(routes: list[BaseRoute]) -> None:
    without = {*ANYONE, *SIGNING_IN, *SIGNED_IN} - offered(routes)
    assert without == {("GET", reachable.FIRST)}  # the gateway itself leads it to /


@pytest.mark.parametrize("has_provider", [True, False])
def test_what_nobody_may_reach_is_not_there(has_provider: bool) -> None:
    for method, pattern in NOBODY:
        path = pattern.replace("{path:path}", "a/b.js").replace("{file_id:path}", "a.png")
        path = path.replace("{session_id}", "s").replace("{file_id}", "f")
        assert who_may(method, path, has_provider) is None, (method, path)


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/api", "/api/", "/api/export", "/api/export/a/b", "/index.html", "//", "/_stcore",
     "/_stcore/", "/_stcore/health/", "/_stcore/script-health-check", "/static/", "/static/js",
     "/static/js/none.js", "/static/../index.html", "/app/static/x", "/healthz\n", "/Exceptions",
     "/exceptions/x", "/views/sql", "/.env", "/favicon.ico", "", "/sql\n", "/%2e",
     "/_stcore/stream"],
)  # fmt: skip
def test_an_address_on_no_list_is_not_there(path: str) -> None:
    assert who_may("GET", path, has_provider=True) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get"])
def test_nothing_but_reading_is_let_through(method: str) -> None:
    for _, pattern in (*ANYONE, *SIGNING_IN, *SIGNED_IN):
        assert who_may(method, pattern.replace("{token}", "t"), has_provider=True) is None


def test_every_page_has_its_address() -> None:
    for page in PAGES:
        assert who_may("GET", f"/{page.name}", has_provider=False) == "anyone"
        assert who_may("HEAD", f"/{page.name}", has_provider=False) == "anyone"


def test_signing_in_is_there_with_a_provider_only() -> None:
    for method, path in SIGNING_IN:
        assert who_may(method, path, has_provider=True) == "anyone"
        assert who_may(method, path, has_provider=False) is None
    assert who_may("GET", "/api/export/token", has_provider=True) == "signed in"
