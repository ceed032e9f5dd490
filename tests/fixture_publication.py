"""A small warehouse with two publications, for tests of the dashboards and exports.

The tables are made from the contracts in `models/marts/**/*.yml`, so a column that is renamed
there breaks the tests here.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import polars as pl
import yaml

from pipeline import CONTRACT_VERSION, publication_log
from pipeline.layout import Warehouse
from tests.fixture_market import AFTER, BEFORE, FORMULA, PROJECT, rows_of_marts

__all__ = ["AFTER", "BEFORE", "FORMULA", "PROJECT", "make_publication", "make_warehouse"]


def publication_id(as_of: date) -> str:
    return f"{as_of:%Y%m%d}-20261123T141500Z-{as_of:%m%d}abcd"


def make_warehouse(
    root: Path, *, days: tuple[date, ...] = (BEFORE, AFTER), failure: bool = False
) -> Path:
    """A warehouse folder with one publication per day; the newest is current."""
    published = root / "published"
    published.mkdir(parents=True)
    for day in days:
        make_publication(published, day)
    (published / "CURRENT").write_text(publication_id(max(days)) + "\n")
    if failure:
        add_failure(root)
    return root


def add_failure(root: Path) -> None:
    """What a build leaves behind that failed after the current publication."""
    failure = {
        "as_of": "2026-11-11",
        "failed_at": "2026-11-23T15:00:00+00:00",
        "failures": [
            {"test": "identity_points_add_up", "rows": [{"mpid": "ALDR"}], "message": "1 row"}
        ],
    }
    (root / "published" / "LAST_FAILURE.json").write_text(json.dumps(failure))


def make_publication(published: Path, as_of: date, empty: bool = False) -> Path:
    """One publication file and its manifest; `empty` leaves every list without rows."""
    path = published / f"{publication_id(as_of)}.duckdb"
    rows = rows_of_marts(as_of)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        for mart, columns in contracts().items():
            typed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f"create table marts.{mart} ({typed})")
            keep = mart.startswith("dim_") or mart == "rpt_m14_headline"
            if rows.get(mart) and (keep or not empty):
                frame = pl.DataFrame(rows[mart], infer_schema_length=None)
                connection.register("frame", frame.to_arrow())
                names = ", ".join(frame.columns)
                connection.execute(
                    f"insert into marts.{mart} ({names}) select {names} from frame order by all"
                )
        counts = {
            mart: connection.execute(f"select count(*) from marts.{mart}").fetchall()[0][0]
            for mart in contracts()
        }
        manifest = {
            "publication_id": publication_id(as_of),
            "as_of": as_of.isoformat(),
            "built_at": datetime(2026, 11, 23, 14, 15, tzinfo=UTC).isoformat(),
            "gate": "passed",
            "contract": CONTRACT_VERSION,
            "code_version": "0123456789ab",
            "tests": {"passed": 214, "failed": 0},
            "marts": {mart: {"rows": count, "checksum": "0"} for mart, count in counts.items()},
            "duration_seconds": 12.5,
        }
        publication_log.add_mart(connection, Warehouse(published.parent), manifest)
    path.with_name(f"{path.stem}.manifest.json").write_text(json.dumps(manifest))
    return path


def contracts() -> dict[str, dict[str, str]]:
    """Columns and types of every mart, from the contracts of the dbt models."""
    return {
        model["name"]: {column["name"]: column["data_type"] for column in model["columns"]}
        for path in sorted((PROJECT / "models/marts").glob("*/*.yml"))
        for model in yaml.safe_load(path.read_text("utf-8")).get("models", ())
        if not model["name"].startswith("exc_")
    }
