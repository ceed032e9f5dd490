"""DuckDB by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from pipeline.sql_text import read_path
from tests.bench.peers import in_sql
from tests.bench.peers.job import M14, Findings

# Registrations are read once, the others more often.
TABLES = {
    "registration": ("view", {"mpan": "bigint", "registration_id": "varchar"}),
    "migration": ("temporary table", {"mpan": "bigint"}),
    "qualified": ("temporary table", {"mpid": "varchar"}),
}


def run(folder: Path, as_of: date) -> Findings:
    words: dict[str, object] = {
        "as_of": as_of,
        "m14": M14,
        "temporary": "temporary",
        "day_after_end": "(effective_to + interval 1 day)::date",
    }
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        connection.execute("set preserve_insertion_order = false")
        for name, (kind, types) in TABLES.items():
            connection.execute(
                f"create {kind} {name} as from read_csv("
                f"{read_path(folder / f'{name}.csv')}, header = true,"
                f" types = {types})"
            )
        for statement in (in_sql.HOLDING, in_sql.UNQUALIFIED, in_sql.EVENT, in_sql.MIGRATED):
            connection.execute(statement.format(**words))

        def ask(sql: str) -> list[object]:
            return [key for (key,) in connection.execute(sql).fetchall()]

        return in_sql.findings(ask, words)
