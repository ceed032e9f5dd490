"""Publications as pages read them: which there are, and rows of one by SQL.

Answers are cached per publication file, which never changes, so nothing of two publications
can mix.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import streamlit as st

from pipeline import CONTRACT_VERSION
from pipeline.clock import today
from pipeline.layout import Warehouse
from pipeline.mart_columns import create_views
from pipeline.publication import Publication, current_among, pointed_at, publications
from pipeline.sql_text import exact_path, read_path

# For those who read through this module and do not speak to the database themselves.
DatabaseError = duckdb.Error

# One configuration for the whole process: a second one for the same file would be refused.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {"memory_limit": "512MB", "threads": 2}


@dataclass(frozen=True)
class View:
    """The publication that a page shows."""

    path: str
    publication_id: str
    as_of: date
    built_at: datetime
    tests_passed: int
    is_current: bool
    is_ahead: bool = False  # for a day after today: never shown unless it is asked for
    accepted_loss: tuple[str, ...] = ()  # what the operator published without, in sentences
    contract: int = CONTRACT_VERSION
    is_first_of_contract: bool = False  # nothing in it is new or resolved


def warehouse() -> Warehouse:
    """The warehouse folder, from the environment."""
    return Warehouse(Path(os.environ.get("MHHS_WAREHOUSE", "warehouse")))


def kept() -> list[View]:
    """Every kept publication, newest first; the pointer names the current one."""
    folder = warehouse()
    return list(_kept(folder, pointed_at(folder), today(), _state(folder.published)))


def _state(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    """What tells whether a file of the folder is new, gone or another one."""
    found = []
    for path in folder.glob("*.*"):
        with suppress(FileNotFoundError):  # deleted since the folder was listed
            is_now = path.stat()
            found.append((path.name, is_now.st_ino, is_now.st_mtime_ns, is_now.st_size))
    return tuple(sorted(found))


# Manifests are long, and a run of a page asks often: they are read again when a file has changed.
@lru_cache(maxsize=2)
def _kept(
    folder: Warehouse, pointed: str, day: date, files: tuple[object, ...]
) -> tuple[View, ...]:
    found = publications(folder)
    now = current_among(found, pointed)
    return tuple(_view(each, each is now) for each in found)


def _view(publication: Publication, is_current: bool) -> View:
    return View(
        path=str(publication.path.resolve()),
        publication_id=publication.publication_id,
        as_of=publication.as_of,
        built_at=publication.built_at,
        tests_passed=publication.manifest["tests"]["passed"],
        is_current=is_current,
        is_ahead=publication.is_ahead,
        contract=publication.contract,
        is_first_of_contract=publication.manifest.get("is_first_of_contract", False),
        accepted_loss=tuple(
            loss["message"] for loss in publication.manifest.get("accepted_loss", [])
        ),
    )


# An evicted connection is dropped, not closed: closing would cut off cursors that still read.
@st.cache_resource(max_entries=4, show_spinner=False)
def _database(path: str, contract: int = CONTRACT_VERSION) -> duckdb.DuckDBPyConnection:
    if contract == CONTRACT_VERSION:
        return duckdb.connect(path, read_only=True, config=_CONFIG)
    connection = duckdb.connect(config=_CONFIG)
    connection.execute(f"attach {exact_path(path)} as publication (read_only)")
    create_views(connection, "publication")
    return connection


@st.cache_data(max_entries=500, max_size="256mb", show_spinner=False)
def query(
    path: str, sql: str, values: Sequence[Any] = (), beside: Sequence[tuple[str, str]] = ()
) -> pl.DataFrame:
    """Rows of one publication, read with a cursor of its own.

    Two threads on one connection would read each other's rows. `beside` names other publications
    and their files, for SQL that compares.
    """
    contract = next((view.contract for view in kept() if view.path == path), CONTRACT_VERSION)
    cursor = _database(path, contract).cursor()
    for name, other in beside:
        cursor.execute(f"attach if not exists {exact_path(other)} as {name} (read_only)")
    # `sql()` would make a relation first, and bind the query twice.
    return cursor.execute(sql, list(values)).pl()


@st.cache_data(max_entries=100, max_size="64mb", show_spinner=False)
def query_file(path: str, sql: str, values: Sequence[Any] = ()) -> pl.DataFrame:
    """Rows of a Parquet file that never changes; in SQL it is the table `changes`."""
    with closing(duckdb.connect(config=_CONFIG)) as connection:
        connection.execute(f"create view changes as from read_parquet({read_path(path)})")
        return connection.execute(sql, list(values)).pl()
