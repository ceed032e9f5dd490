"""DuckDB by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from tests.bench.peers import in_sql
from tests.bench.peers.job import M14, Findings, found

# What would else be read as numbers.
TYPES: dict[str, dict[str, str]] = {
    "registration": {"mpan": "varchar", "registration_id": "varchar"},
    "migration": {"mpan": "varchar"},
    "qualified": {"mpid": "varchar"},
}


def run(folder: Path, as_of: date) -> Findings:
    words = {
        "as_of": as_of,
        "m14": M14,
        "temporary": "temporary",
        "day_after_end": "(effective_to + interval 1 day)::date",
    }
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        connection.execute("set preserve_insertion_order = false")
        for name, types in TYPES.items():
            connection.execute(
                f"create view {name} as from read_csv('{folder / name}.csv', header = true,"
                f" types = {types})"
            )
        for statement in (in_sql.HOLDING, in_sql.UNQUALIFIED, in_sql.EVENT, in_sql.MIGRATED):
            connection.execute(statement.format(**words))
        return {
            name: found(str(key) for (key,) in connection.execute(sql.format(**words)).fetchall())
            for name, sql in in_sql.QUESTIONS.items()
        }
