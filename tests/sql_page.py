"""The SQL page in Streamlit's test harness: asking as one reader or another."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import auth, data
from dashboards.auth import User
from dashboards.data import View
from pipeline.layout import Warehouse
from tests import app_pages

ANALYST = User("ana", frozenset({"analyst"}))
COMPLIANCE = User("cat", frozenset({"analyst", "compliance"}))
LEADER = User("lea", frozenset({"leadership"}))


def own_warehouse(market: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """The market's publications, with logs, exports and saved queries of one test's own."""
    shutil.copytree(market / "published", folder / "published")
    monkeypatch.setenv("MHHS_WAREHOUSE", str(folder))
    monkeypatch.setenv("MHHS_TODAY", "2026-11-11")
    return Warehouse(folder)


def be(monkeypatch: pytest.MonkeyPatch, user: User) -> User:
    monkeypatch.setattr(auth, "LOCAL_USER", user)
    return user


def open_page(**parameters: str) -> AppTest:
    return app_pages.open_page("sql", **parameters)


def run(app: AppTest, sql: str | None = None) -> AppTest:
    if sql is not None:
        app.text_area(key="sql").set_value(sql)
    next(each for each in app.button if each.label == "Run").click().run()
    assert not app.exception, app.exception
    return app


def text_of(app: AppTest) -> str:
    parts = [element.proto.body for element in app.get("html")]
    for kind in (app.markdown, app.title, app.header, app.info, app.warning, app.error, app.code):
        parts += [str(element.value) for element in kind]
    return "\n".join([*parts, *(each.value for each in app.caption)]).replace("\u00a0", " ")


def audited(warehouse: Warehouse) -> list[dict[str, Any]]:
    return [json.loads(line) for line in warehouse.audit_log.read_text("utf-8").splitlines()]


def ask(view: View, sql: str) -> pl.DataFrame:
    return data.sql.frame_of(data.sql.ask(view, sql, lambda _: None))
