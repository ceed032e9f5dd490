"""Pages of the dashboards on the simulated market, and the figures that its marts give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from streamlit.testing.v1 import AppTest

from tests import app_pages

BEFORE, AFTER = "20261020", "20261109"


def text_of(app: AppTest) -> str:
    """Everything that the page says, without Markdown's backslashes."""
    return app_pages.text_of(app).replace("\\", "")


def lead_of(app: AppTest) -> str:
    """The headline sentence, without its markup."""
    (lead,) = [e.proto.body for e in app.get("html") if 'class="mhhs-lead"' in e.proto.body]
    for mark in ("<strong>", "</strong>", '<p class="mhhs-lead">', "</p>"):
        lead = lead.replace(mark, "")
    return lead.replace("\u00a0", " ")


def links_of(app: AppTest) -> dict[str, str]:
    """Every link of the page: its words, and the parameters it carries."""
    return {
        element.proto.label.replace("\\", ""): element.proto.query_string
        for element in app.get("page_link")
    }


def figure_of(app: AppTest, key: str) -> dict[str, Any]:
    """The Plotly figure of a chart."""
    (spec,) = [
        json.loads(chart.proto.spec)
        for chart in app.get("plotly_chart")
        if chart.proto.id.endswith(f"-{key}")
    ]
    return dict(spec)


def table_of(app: AppTest, place: int = 0) -> pl.DataFrame:
    """A table of the page, as a frame."""
    return pl.from_pandas(app.dataframe[place].value)


def publication_id(warehouse: Path, day: str) -> str:
    (path,) = (warehouse / "published").glob(f"{day}-*.duckdb")
    return path.stem


def rows_of(warehouse: Path, sql: str, day: str = AFTER) -> list[dict[str, Any]]:
    """Rows of a publication, read without the dashboards.

    Attached, not opened: the dashboards hold the file open with settings of their own.
    """
    path = warehouse / "published" / f"{publication_id(warehouse, day)}.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as publication (read_only)")
        connection.execute("use publication")
        return connection.execute(sql).pl().to_dicts()


def value_of(warehouse: Path, sql: str, day: str = AFTER) -> Any:
    (row,) = rows_of(warehouse, sql, day)
    (value,) = row.values()
    return value
