"""Pages of the dashboards in Streamlit's test harness, as one reader or another."""

from __future__ import annotations

import re
import sys
from html import unescape
from pathlib import Path
from typing import Any

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import auth
from dashboards.auth import Role, User
from tests.command import PROJECT

DAY_AFTER = "2026-11-11"


def open_page(page: str, /, **parameters: str | list[str]) -> AppTest:
    """A page at an address."""
    app = AppTest.from_file(str(PROJECT / "dashboards/app.py"), default_timeout=60)
    app.run()
    for name, value in parameters.items():
        app.query_params[name] = value
    app.switch_page(f"views/{page}.py").run()
    assert not app.exception, app.exception
    return app


def text_of(app: AppTest) -> str:
    """Everything that the page says, markup and all."""
    parts = [element.proto.body for element in app.get("html")]
    for kind in (app.markdown, app.title, app.header, app.caption, app.code):
        parts += [str(element.value) for element in kind]
    for kind in (app.info, app.success, app.warning, app.error):
        parts += [str(element.value) for element in kind]
    return "\n".join(parts).replace("\u00a0", " ")


def link_of(app: AppTest) -> str:
    """The permanent link of the page."""
    (link,) = re.findall(r'data-link="([^"]*)"', text_of(app))
    return unescape(link)


def links_of(app: AppTest) -> dict[str, str]:
    """Words of every link to a page, with the query of its address."""
    return {element.proto.label: element.proto.query_string for element in app.get("page_link")}


def publications_of(warehouse: Path) -> list[Path]:
    """The files of every publication, the earliest as-of day first."""
    return sorted((warehouse / "published").glob("*.duckdb"))


def ask(publication: Path, sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    """Rows of a publication, by a way that no page uses; other publications can be attached."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{publication}' as asked (read_only)")
        connection.execute("use asked.marts")
        return connection.execute(sql, values or []).fetchall()


def read_as(monkeypatch: pytest.MonkeyPatch, *roles: Role) -> None:
    """From now on the reader has these roles and no others."""
    reader = User("someone", frozenset(roles))
    original = auth.current_user
    for name, module in list(sys.modules.items()):
        if name.startswith("dashboards") and getattr(module, "current_user", None) is original:
            monkeypatch.setattr(module, "current_user", lambda: reader)
