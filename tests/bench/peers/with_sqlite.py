"""SQLite, through Python's own module: the CSV files go into tables first."""

from __future__ import annotations

import csv
import sqlite3
from datetime import date
from pathlib import Path

from tests.bench.peers import in_sql
from tests.bench.peers.job import M14, Findings


def run(folder: Path, as_of: date) -> Findings:
    words: dict[str, object] = {
        "as_of": as_of,
        "m14": M14,
        "temporary": "",
        "day_after_end": "date(nullif(effective_to, ''), '+1 day')",
    }
    connection = sqlite3.connect(":memory:")
    try:
        for name in ("registration", "migration", "qualified"):
            with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
                rows = csv.reader(file)
                header = next(rows)
                connection.execute(f"create table {name} ({', '.join(header)})")
                marks = ", ".join("?" * len(header))
                connection.executemany(f"insert into {name} values ({marks})", rows)
        connection.execute("create index of_party on qualified (mpid, market_segment)")
        connection.execute(in_sql.HOLDING.format(**words))
        connection.execute("create index of_point on holding (mpan)")
        for statement in (in_sql.UNQUALIFIED, in_sql.EVENT, in_sql.MIGRATED):
            connection.execute(statement.format(**words))
        connection.execute("create index of_migrated on migrated (mpan)")

        def ask(sql: str) -> list[object]:
            return [key for (key,) in connection.execute(sql)]

        return in_sql.findings(ask, words)
    finally:
        connection.close()
