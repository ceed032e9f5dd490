"""A warehouse of some Metering Points alone, from which their states are cheap to read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import duckdb

from pipeline.intake.log import Entry, LoadLog, write_log
from pipeline.sql_text import exact_path, read_path


def write_part(
    connection: duckdb.DuckDBPyConnection,
    warehouse: Path,
    part: Path,
    about_points: Iterable[Entry],
    points: str,
) -> None:
    """Make `part` a warehouse of what files say of `points`, a relation with `mpan`, or of none.

    `about_points` are the files about Metering Points that the part has. Those about parties are
    the same files; of all others it knows no more than their names.
    """
    narrowed = {entry.identity for entry in about_points}
    entries = []
    for entry in LoadLog(warehouse).entries:
        for place in entry.places:
            (part / place).parent.mkdir(parents=True, exist_ok=True)
        if entry.identity in narrowed:
            _narrow(connection, warehouse, part, entry, points)
            entry = replace(entry, excluded=None, quarantine=None, noted_values=None)
        else:
            for place in entry.places:
                (part / place).symlink_to((warehouse / place).absolute())
        entries.append(entry)
    write_log(part, entries)


def _narrow(
    connection: duckdb.DuckDBPyConnection, warehouse: Path, part: Path, entry: Entry, points: str
) -> None:
    assert entry.rows is not None
    rows = (
        "SELECT * EXCLUDE (file_row_number) FROM read_parquet("
        f"{read_path(warehouse / entry.rows)}, hive_partitioning = false, "
        # A key may be deleted without an MPAN.
        f"file_row_number = true) WHERE (mpan IN (SELECT mpan FROM {points}) OR mpan IS NULL)"
    )
    if entry.excluded is not None:
        rows += (
            " AND file_row_number NOT IN (SELECT row FROM read_parquet("
            f"{read_path(warehouse / entry.excluded)}, hive_partitioning = false))"
        )
    connection.execute(f"COPY ({rows}) TO {exact_path(part / entry.rows)} (FORMAT parquet)")
