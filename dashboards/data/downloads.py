"""The audit log as a table: who took what, when, how many rows of which publication."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from dashboards import audit, export_shares
from dashboards.auth import current_user, require
from dashboards.data import store
from dashboards.export_limits import limits
from dashboards.export_queue import over_share, short_of_space
from pipeline.export import FORMULA_START
from pipeline.leftovers import sweep_exports

LINES_PER_PAGE = 100
_SHORT_KEY = 8
ZONE = "Europe/London"
# What every line has or most have; the rest of its facts stand in one column.
_OWN_COLUMNS = ("at", "kind", "user", "file", "rows", "publication_id")
_QUIET = ("reader", "issuer", "subject", "sha256", "filters")
_SCHEMA = {
    "at": pl.String,
    "kind": pl.String,
    "user": pl.String,
    "reader": pl.String,
    "what": pl.String,
    "rows": pl.Int64,
    "publication_id": pl.String,
    "details": pl.String,
}


class NotWritten(Exception):
    """There is no room for a file: the message says why."""


def log() -> pl.DataFrame:
    """Every line of the audit log, newest first. Raises Forbidden."""
    require("admin")
    path = store.warehouse().audit_log
    if not path.exists():
        return pl.DataFrame(schema={**_SCHEMA, "at": pl.Datetime("us", ZONE)}).drop("reader")
    known = path.stat()
    return _table(str(path), known.st_size, known.st_mtime_ns)


@st.cache_data(max_entries=2, show_spinner=False)
def _table(path: str, size: int, changed_at: int) -> pl.DataFrame:
    rows = [_row(line) for line in audit.lines(Path(path))]
    return (
        pl.DataFrame(rows, schema=_SCHEMA, orient="row")
        .with_columns(
            # Two readers of one name. Lines of earlier versions have no key.
            pl.when(pl.col("reader").drop_nulls().n_unique().over("user") > 1)
            .then(
                pl.coalesce(
                    pl.format("{} ({})", "user", pl.col("reader").str.slice(0, _SHORT_KEY)), "user"
                )
            )
            .otherwise("user")
            .alias("user"),
            pl.col("at")
            .str.to_datetime("%Y-%m-%dT%H:%M:%S%z", time_zone="UTC", strict=False)
            .dt.convert_time_zone(ZONE),
        )
        .drop("reader")
        .reverse()
    )


def _row(line: dict[str, Any]) -> tuple[Any, ...]:
    rows = line.get("rows")
    facts = {
        **(line["filters"] if isinstance(line.get("filters"), dict) else {}),
        **{name: fact for name, fact in line.items() if name not in (*_OWN_COLUMNS, *_QUIET)},
    }
    return (
        str(line["at"]),
        str(line["kind"]),
        str(line["user"]),
        line.get("reader"),
        Path(str(line["file"])).name if line.get("file") else None,
        rows if isinstance(rows, int) else None,
        line.get("publication_id") and str(line["publication_id"]),
        "; ".join(f"{name}: {_words(fact)}" for name, fact in facts.items()) or None,
    )


def _words(fact: Any) -> str:
    if isinstance(fact, list):
        return " or ".join(str(each) for each in fact)
    return fact if isinstance(fact, str) else json.dumps(fact, default=str)


def write_csv(lines: pl.DataFrame) -> str:
    """These lines as a file to take, and its place below the exports folder.

    Raises Forbidden, and NotWritten where there is no room. The file is kept for a day. As in every
    CSV of ours, text that a spreadsheet would run as a formula gets an apostrophe.
    """
    require("admin")
    place = Path("audit") / secrets.token_hex(8) / f"mhhs_downloads_{lines.height}rows.csv"
    warehouse, reader = store.warehouse(), current_user().key
    path = warehouse.exports / place
    sweep_exports(warehouse)
    if reason := short_of_space(warehouse) or over_share(warehouse, reader, limits()):
        raise NotWritten(reason)
    path.parent.mkdir(parents=True)
    text = pl.col(pl.String)
    lines.with_columns(
        pl.when(text.str.contains(FORMULA_START)).then("'" + text).otherwise(text).name.keep()
    ).write_csv(path, include_bom=True)
    export_shares.claim(path.parent, reader)
    return place.as_posix()
