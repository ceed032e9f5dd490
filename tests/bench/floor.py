"""F, the yardstick of every speed: one typed DuckDB parse of the CSV files of a landing folder.

    python -m tests.bench.floor LANDING

No check, no file written: every column is cast to its type in the lake and its values counted.
"""

from __future__ import annotations

import csv
import gzip
import sys
import time
from collections import defaultdict
from pathlib import Path

import duckdb

from pipeline.contracts import CHANGE_TYPE, EXTRACTS
from pipeline.sql_text import identifier, literal, read_path

_SUFFIXES = (".csv", ".csv.gz")


def floor(landing: Path, threads: int | None = None) -> tuple[float, float]:
    """(CPU seconds, wall seconds) of the parse. Nothing else may run in this process meanwhile."""
    queries = _queries(landing)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = false")
        if threads is not None:
            connection.execute(f"SET threads = {threads}")
        cpu, wall = time.process_time(), time.perf_counter()
        for query in queries:
            connection.execute(query).fetchall()
        return time.process_time() - cpu, time.perf_counter() - wall


def _queries(landing: Path) -> list[str]:
    """One query for all files of an extract that have the same header."""
    alike: dict[tuple[str, tuple[str, ...]], list[Path]] = defaultdict(list)
    for extract in EXTRACTS:
        for path in sorted((landing / extract).glob("[!.]*")):
            if path.name.endswith(_SUFFIXES):
                alike[extract, _header(path)].append(path)
    return [_query(extract, header, paths) for (extract, header), paths in alike.items()]


def _header(path: Path) -> tuple[str, ...]:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8-sig") as stream:
        return tuple(next(csv.reader(stream)))


def _query(extract: str, header: tuple[str, ...], paths: list[Path]) -> str:
    types = {c.name: c.lake_type for c in (CHANGE_TYPE, *EXTRACTS[extract].columns)}
    columns = ", ".join(f"{literal(n)}: {literal(types.get(n, 'VARCHAR'))}" for n in header)
    # A line that does not cast is passed over: a market has a few.
    return (
        f"SELECT {', '.join(f'count({identifier(name)})' for name in header)} FROM read_csv("
        f"[{', '.join(map(read_path, paths))}], columns = {{{columns}}}, auto_detect = false, "
        "header = true, delim = ',', quote = '\"', escape = '\"', nullstr = '', "
        "hive_partitioning = false, ignore_errors = true)"
    )


if __name__ == "__main__":
    print("F = {:.2f} CPU-s, {:.2f} s".format(*floor(Path(sys.argv[1]))))
