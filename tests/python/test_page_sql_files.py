"""Files of answers on the SQL page: every row, as the role allows."""

from __future__ import annotations

import csv
import re
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dashboards import data, exporting, sql_export
from dashboards.auth import LOCAL_USER, User
from dashboards.data import View
from pipeline.layout import Warehouse
from tests.sql_page import (
    ANALYST,
    COMPLIANCE,
    audited,
    be,
    open_page,
    own_warehouse,
    run,
)


@pytest.fixture
def warehouse(market_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """The market's publications, with logs, exports and saved queries of this test's own."""
    return own_warehouse(market_warehouse, tmp_path, monkeypatch)


@pytest.fixture
def view(warehouse: Warehouse) -> View:
    return next(each for each in data.store.kept() if each.is_current)


def made(order: sql_export.SqlOrder, user: User, view: View) -> dict[str, Any]:
    request = order.request(user, data.sql.to_ask(view, order.statement))
    exporting.launch(order, "dashboards.sql_export", request)
    while exporting.is_running(order):
        time.sleep(0.1)
    assert exporting.failure(order) is None
    manifest = exporting.finished(order)
    assert manifest is not None
    return manifest


@pytest.mark.parametrize("user", [ANALYST, COMPLIANCE], ids=["hashed", "clear"])
@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_a_file_holds_every_row_as_the_role_allows(
    warehouse: Warehouse,
    view: View,
    user: User,
    file_format: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    be(monkeypatch, user)
    hashed = user is ANALYST
    sql = "select mpan, '=1+1' as \"=f\", range from fct_holding cross join range(5)"
    manifest = made(sql_export.SqlOrder(warehouse, view, sql, file_format, hashed), user, view)
    assert manifest["rows"] > data.sql.LIMITS.rows
    (path,) = warehouse.exports.rglob(f"*.{file_format}")
    frame = pl.read_parquet(path) if file_format == "parquet" else None
    if frame is not None:
        mpans, formulas = frame["mpan"].to_list(), set(frame["=f"])
    else:
        rows = list(csv.DictReader(path.open(encoding="utf-8-sig")))
        mpans, formulas = [row["mpan"] for row in rows], {row["'=f"] for row in rows}
    assert len(mpans) == manifest["rows"]
    assert all(re.fullmatch(r"h_[0-9a-f]{16}" if hashed else r"\d{13}", each) for each in mpans)
    assert formulas == {"=1+1" if file_format == "parquet" else "'=1+1"}
    assert manifest["mpans"] == ("hashed" if hashed else "in clear")
    assert manifest["sql"] == sql
    assert manifest["publication_id"] == view.publication_id
    line = audited(warehouse)[-1]
    assert (line["kind"], line["user"], line["rows"]) == ("sql_export", user.name, manifest["rows"])


def test_a_file_that_cannot_be_made_says_why_and_leaves_nothing(
    warehouse: Warehouse, view: View
) -> None:
    sql = "select case when range > 50000 then error('boom') end from range(100000)"
    order = sql_export.SqlOrder(warehouse, view, sql, "csv", hashed=False)
    request = order.request(LOCAL_USER, data.sql.to_ask(view, sql))
    exporting.launch(order, "dashboards.sql_export", request)
    while exporting.is_running(order):
        time.sleep(0.1)
    assert "boom" in str(exporting.failure(order))
    assert not [each for each in warehouse.exports.rglob("*") if each.is_file()]
    assert audited(warehouse)[-1]["outcome"] == "failed"


def test_buttons_for_files_become_links(warehouse: Warehouse) -> None:
    app = run(open_page(), "select 5 as n")
    app.button(key="sql_csv").click().run()
    deadline = time.monotonic() + 30
    while not (links := app.get("link_button")) and time.monotonic() < deadline:
        time.sleep(0.3)
        app.run()
    assert links[0].proto.label.startswith("Download CSV: 1 row")
    assert links[0].proto.url.startswith("/api/export/")
