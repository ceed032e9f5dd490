"""The exception ledger: which exceptions stood in which publication.

One small Parquet file per publication in `history/exceptions/`, named like it, written once and
never changed. It outlives build database and publications, so that an exception's life can always
be told: `fct_exception_history` is derived from all, in whatever order their days were built.
"""

from __future__ import annotations

import os
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb

from pipeline.layout import Warehouse
from pipeline.publication import publications

_COLUMNS = "exception_id, rule_id, severity, status, mpid"


def record(warehouse: Warehouse, publication_id: str, path: Path) -> None:
    """Write the exceptions of a publication, unless they are on record."""
    target = warehouse.ledger / f"{publication_id}.parquet"
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    with closing(duckdb.connect(str(path), read_only=True)) as connection:
        connection.execute(
            "COPY (SELECT exception_id::UUID AS exception_id, rule_id, severity, status, mpid "
            f"FROM marts.fct_exception ORDER BY ALL) TO '{part}' (FORMAT parquet, COMPRESSION zstd)"
        )
    with part.open("rb") as stream:
        os.fsync(stream.fileno())
    part.replace(target)


def restore(warehouse: Warehouse) -> None:
    """Record publications whose writer was killed before it could."""
    for leftover in warehouse.ledger.glob(".*.part"):
        leftover.unlink()
    for publication in publications(warehouse):
        record(warehouse, publication.publication_id, publication.path)


def create_ledger_tables(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, as_of: date
) -> None:
    """Create what is known of the as-of days before `as_of`, of each the last that was published.

    `raw.exception_build`: the days. `raw.exception_sighting`: the exceptions that stood in them,
    and `raw.previous_exception`: in the newest. `raw.exception_end`: why exceptions of one day were
    gone or closed on the next, where the two were compared.
    """
    restore(warehouse)
    last = {path.name[:8]: path for path in sorted(warehouse.ledger.glob("*.parquet"))}
    earlier = {
        day: path for name, path in last.items() if (day := date.fromisoformat(name)) < as_of
    }
    connection.execute("CREATE OR REPLACE TABLE raw.exception_build (as_of DATE)")
    for day in earlier:
        connection.execute("INSERT INTO raw.exception_build VALUES (?)", [day])
    parts = [
        f"SELECT DATE '{day}' AS as_of, replace(exception_id::VARCHAR, '-', '') AS exception_id, "
        f"rule_id, severity, status, mpid FROM read_parquet('{path}', hive_partitioning = false)"
        for day, path in earlier.items()
    ]
    nothing = f"SELECT DATE '{as_of}' AS as_of, " + ", ".join(
        f"'' AS {name}" for name in _COLUMNS.split(", ")
    )
    connection.execute(
        "CREATE OR REPLACE VIEW raw.exception_sighting AS "
        + (" UNION ALL ".join(parts) or f"{nothing} WHERE false")
    )
    newest = f"DATE '{max(earlier)}'" if earlier else "NULL"
    connection.execute(
        "CREATE OR REPLACE TABLE raw.previous_exception AS "
        f"SELECT {_COLUMNS} FROM raw.exception_sighting WHERE as_of = {newest}"
    )
    last_of = {path.stem for path in earlier.values()}
    compared = [
        (path, *(date.fromisoformat(name[:8]) for name in names))
        for path in sorted(warehouse.comparisons.glob("*.parquet"))
        if last_of.issuperset(names := path.stem.split("--"))
    ]
    ends = " UNION ALL ".join(
        f"SELECT DATE '{before}' AS before, DATE '{after}' AS after, "
        "coalesce(previous_exception_id, exception_id) AS exception_id, "
        "CASE WHEN previous_exception_id IS NULL THEN cause ELSE 'RE_STATED' END AS cause "
        f"FROM read_parquet('{path}', hive_partitioning = false) "
        "WHERE change = 'RESOLVED' OR previous_exception_id IS NOT NULL"
        for path, before, after in compared
    )
    connection.execute(
        "CREATE OR REPLACE TABLE raw.exception_end AS "
        + (
            ends
            or "SELECT DATE '0001-01-01' AS before, DATE '0001-01-01' AS after, "
            "'' AS exception_id, '' AS cause WHERE false"
        )
    )
