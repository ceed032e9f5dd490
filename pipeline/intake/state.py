"""The state of each extract as known on a day, as relations of a build database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.contracts import CHANGE_TYPE, EXTRACTS, Column, Extract
from pipeline.intake.checks import path_literal, quote
from pipeline.intake.log import Entry, LoadLog
from pipeline.intake.outcomes import State, judge, judge_as_of, state_of

_LOAD = pa.schema(
    [
        ("load_id", pa.int32()),
        ("file", pa.string()),
        ("extract", pa.string()),
        ("kind", pa.string()),
        ("business_date", pa.date32()),
        ("sequence", pa.int32()),
        ("sha256", pa.string()),
        ("outcome", pa.string()),
        ("error", pa.string()),
        ("lines", pa.int64()),
        ("accepted", pa.int64()),
        ("quarantined", pa.int64()),
        ("repeated", pa.int64()),
        ("unknown_columns", pa.string()),
    ]
)


def newest_registration_date(warehouse: Path) -> date | None:
    """The newest business date of the registration files that stand."""
    days = (
        outcome.entry.business_date
        for outcome in judge(LoadLog(warehouse).entries)
        if outcome.stands and outcome.entry.extract == "registration"
    )
    return max((day for day in days if day is not None), default=None)


def create_state_views(connection: duckdb.DuckDBPyConnection, warehouse: Path, as_of: date) -> None:
    """Create the schema `raw`: the six extracts as known on `as_of`, the loads, the quarantine."""
    entries = LoadLog(warehouse).entries
    outcomes = judge_as_of(entries, as_of)
    ids = load_ids(entries)
    connection.execute("CREATE SCHEMA IF NOT EXISTS raw")
    for extract in EXTRACTS.values():
        state = state_of(outcomes, extract.name, as_of)
        if state.deltas:
            connection.execute(
                f"CREATE OR REPLACE TABLE raw.{extract.name}_change AS "
                + _changes_sql(warehouse, extract, state, ids)
            )
        else:
            connection.execute(f"DROP TABLE IF EXISTS raw.{extract.name}_change")
        connection.execute(
            f"CREATE OR REPLACE VIEW raw.{extract.name} AS "
            + _state_sql(warehouse, extract, state, ids)
        )
    rows = [
        {
            "load_id": ids[o.entry.identity],
            "file": o.entry.file,
            "extract": o.entry.extract,
            "kind": o.entry.kind,
            "business_date": o.entry.business_date,
            "sequence": o.entry.sequence,
            "sha256": o.entry.sha256,
            "outcome": o.outcome,
            "error": o.error,
            "unknown_columns": o.entry.unknown_columns or None,
        }
        | {
            name: getattr(o.entry, name) if o.outcome != "refused" else 0
            for name in ("lines", "accepted", "quarantined", "repeated")
        }
        for o in sorted(outcomes, key=lambda o: o.entry.identity)
    ]
    connection.register("loads", pa.Table.from_pylist(rows, schema=_LOAD))
    connection.execute("CREATE OR REPLACE TABLE raw.load AS FROM loads")
    connection.unregister("loads")
    quarantined = (o.entry for o in outcomes if o.outcome != "refused")
    connection.execute(
        "CREATE OR REPLACE TABLE raw.quarantined_row AS "
        + _quarantine_sql(warehouse, quarantined, ids)
    )


def load_ids(entries: Iterable[Entry]) -> dict[tuple[str, str], int]:
    """A number for each content of each file: the same in every warehouse that holds it."""
    ids: dict[tuple[str, str], int] = {}
    taken: set[int] = set()
    for identity in sorted(entry.identity for entry in entries):
        number = int.from_bytes(sha256("\n".join(identity).encode()).digest()[:4]) >> 1
        while number in taken:
            number = (number + 1) % (1 << 31)
        taken.add(number)
        ids[identity] = number
    return ids


def _state_sql(
    warehouse: Path, extract: Extract, state: State, ids: dict[tuple[str, str], int]
) -> str:
    """The full without the keys that later deltas touch, and what those deltas say last."""
    parts = []
    names = ", ".join(quote(column.name) for column in extract.columns)
    if state.full is not None:
        sql = _rows_sql(warehouse, extract, extract.columns, state.full, ids)
        if state.deltas:
            same = " AND ".join(f"state.{quote(k)} = later.{quote(k)}" for k in extract.key)
            sql = (
                f"SELECT * FROM ({sql}) AS state "
                f"ANTI JOIN raw.{extract.name}_change AS later ON {same}"
            )
        parts.append(sql)
    if state.deltas:
        parts.append(
            f"SELECT {names}, load_id FROM raw.{extract.name}_change WHERE change_type = 'U'"
        )
    if not parts:
        empty = ", ".join(
            f"NULL::{extract.type_inside(c)} AS {quote(c.name)}" for c in extract.columns
        )
        parts.append(f"SELECT {empty}, NULL::INTEGER AS load_id WHERE false")
    return " UNION ALL ".join(parts)


def _changes_sql(
    warehouse: Path, extract: Extract, state: State, ids: dict[tuple[str, str], int]
) -> str:
    """What the deltas after the full say last of each key."""
    columns = (CHANGE_TYPE, *extract.columns)
    keys = ", ".join(quote(name) for name in extract.key)
    changes = " UNION ALL ".join(
        f"SELECT *, {number} AS place FROM ({_rows_sql(warehouse, extract, columns, entry, ids)})"
        for number, entry in enumerate(state.deltas)
    )
    if len(state.deltas) == 1:
        return changes  # its keys are unique already
    return (
        f"SELECT * FROM ({changes}) "
        f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY place DESC) = 1"
    )


def _rows_sql(
    warehouse: Path,
    extract: Extract,
    columns: Iterable[Column],
    entry: Entry,
    ids: dict[tuple[str, str], int],
) -> str:
    """The accepted rows of one file."""
    assert entry.rows is not None
    values = ", ".join(
        f"{quote(c.name)}::{extract.type_inside(c)} AS {quote(c.name)}" for c in columns
    )
    sql = (
        f"SELECT {values}, {ids[entry.identity]}::INTEGER AS load_id FROM read_parquet("
        f"{path_literal(warehouse / entry.rows)}, hive_partitioning = false, "
        "file_row_number = true) WHERE fault IS NULL"
    )
    if entry.excluded is not None:
        excluded = path_literal(warehouse / entry.excluded)
        sql += (
            " AND file_row_number NOT IN "
            f"(SELECT row FROM read_parquet({excluded}, hive_partitioning = false))"
        )
    return sql


def _quarantine_sql(
    warehouse: Path, entries: Iterable[Entry], ids: dict[tuple[str, str], int]
) -> str:
    parts = [
        f"SELECT {ids[entry.identity]}::INTEGER AS load_id, file, line, reason, column_name, "
        f"row_text FROM read_parquet({path_literal(warehouse / entry.quarantine)}, "
        "hive_partitioning = false)"
        for entry in sorted(entries, key=lambda entry: entry.identity)
        if entry.quarantine is not None
    ]
    if parts:
        return " UNION ALL ".join(parts)
    return (
        "SELECT NULL::INTEGER AS load_id, NULL::VARCHAR AS file, NULL::BIGINT AS line, "
        "NULL::VARCHAR AS reason, NULL::VARCHAR AS column_name, NULL::VARCHAR AS row_text "
        "WHERE false"
    )
