"""The state of each extract as known on a day, as relations of a build database."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.contracts import CHANGE_TYPE, EXTRACTS, Column, Extract
from pipeline.intake.adapters.dip import DIP_EVENT, STATE_COLUMNS
from pipeline.intake.adapters.dip_state import CHANGES
from pipeline.intake.log import Entry, LoadLog
from pipeline.intake.outcomes import (
    COUNTED,
    State,
    is_future,
    judge,
    judge_as_of,
    rank,
    state_of,
    targets_of,
)
from pipeline.sql_text import identifier, read_path

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
        ("noted", pa.int64()),
        ("ignored", pa.int64()),
        ("unknown_columns", pa.string()),
    ]
)
# Tables of what is kept word for word: name, field of the entry, columns after file and line.
_KEPT = (
    ("quarantined_row", "quarantine", ("reason", "column_name", "row_text")),
    ("noted_value", "noted_values", ("column_name", "reason", "value")),
)
_IGNORED = pa.schema(
    [
        ("load_id", pa.int32()),
        ("interface", pa.string()),
        ("event_code", pa.string()),
        ("messages", pa.int64()),
    ]
)


def newest_registration_date(warehouse: Path, not_after: date = date.max) -> date | None:
    """The newest business date, up to a day, of the registration files that stand."""
    days = (
        outcome.entry.business_date
        for outcome in judge(LoadLog(warehouse).entries)
        if outcome.stands and "registration" in targets_of(outcome.entry)
    )
    return max((day for day in days if day is not None and day <= not_after), default=None)


def create_state_views(
    connection: duckdb.DuckDBPyConnection,
    warehouse: Path,
    as_of: date,
    only: Container[tuple[str, str]] | None = None,
    extracts: Collection[str] = tuple(EXTRACTS),
) -> None:
    """Create the schema `raw`: the six extracts as known on `as_of`, the loads, the quarantine.

    `only` leaves out the files whose (file, sha256) is not among them, `extracts` extracts.
    """
    entries = _entries(warehouse, only)
    outcomes = judge_as_of(entries, as_of)
    ids = load_ids(entries)
    connection.execute("CREATE SCHEMA IF NOT EXISTS raw")
    states = {name: state_of(outcomes, name, as_of) for name in extracts}
    deltas = {delta for state in states.values() for delta in state.deltas}
    places = {entry.identity: n for n, entry in enumerate(sorted(deltas, key=_unique_rank))}
    _create_dip_event(connection, warehouse, deltas, ids, places)
    for name, state in states.items():
        extract = EXTRACTS[name]
        if state.deltas:
            connection.execute(
                f"CREATE OR REPLACE TABLE raw.{extract.name}_change AS "
                + _changes_sql(warehouse, extract, state, ids, places)
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
            "sha256": o.entry.sha256 or None,
            "outcome": o.outcome,
            "error": o.error,
            "unknown_columns": o.entry.unknown_columns or None,
        }
        | {
            name: getattr(o.entry, name) if o.outcome in COUNTED else 0
            for name in ("lines", "accepted", "quarantined", "repeated", "noted")
        }
        | {"ignored": o.entry.ignored_messages if o.outcome in COUNTED else 0}
        for o in sorted(outcomes, key=lambda o: o.entry.identity)
    ]
    connection.register("loads", pa.Table.from_pylist(rows, schema=_LOAD))
    connection.execute("CREATE OR REPLACE TABLE raw.load AS FROM loads")
    connection.unregister("loads")
    ignored = [
        {
            "load_id": ids[o.entry.identity],
            "interface": interface,
            "event_code": event,
            "messages": times,
        }
        for o in outcomes
        if o.outcome in COUNTED
        for interface, event, times in o.entry.ignored
    ]
    connection.register("ignored", pa.Table.from_pylist(ignored, schema=_IGNORED))
    connection.execute("CREATE OR REPLACE TABLE raw.ignored_message AS FROM ignored")
    connection.unregister("ignored")
    counted = [o.entry for o in outcomes if o.outcome in COUNTED]
    for table, place, columns in _KEPT:
        connection.execute(
            f"CREATE OR REPLACE TABLE raw.{table} AS "
            + _kept_sql(warehouse, counted, ids, place, columns)
        )


def states(
    warehouse: Path, as_of: date, only: Container[tuple[str, str]] | None = None
) -> dict[str, State]:
    """The files that make the state of each extract, with the arguments of `create_state_views`."""
    outcomes = judge_as_of(_entries(warehouse, only), as_of)
    return {name: state_of(outcomes, name, as_of) for name in EXTRACTS}


def rows_of_file(warehouse: Path, entry: Entry, names: Container[str]) -> str:
    """SQL: some columns of the accepted rows of one file, and `load_id`, which means nothing."""
    extract = DIP_EVENT if entry.extract == DIP_EVENT.name else EXTRACTS[entry.extract]
    columns = [column for column in extract.columns if column.name in names]
    return _rows_sql(warehouse, extract, columns, entry, {entry.identity: 0})


def _entries(warehouse: Path, only: Container[tuple[str, str]] | None) -> list[Entry]:
    entries = LoadLog(warehouse).entries
    if only is None:
        return entries
    # What an earlier publication was made of, none of it withdrawn or refused by then.
    return [
        replace(
            entry,
            withdrawn=False,
            allow_future_dates=entry.allow_future_dates or is_future(entry.business_date),
        )
        for entry in entries
        if entry.identity in only
    ]


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
    names = ", ".join(identifier(column.name) for column in extract.columns)
    if state.full is not None:
        sql = _rows_sql(warehouse, extract, extract.columns, state.full, ids)
        if state.deltas:
            keys = [identifier(key) for key in extract.key]
            changes = f"raw.{extract.name}_change"
            if len(keys) == 1:
                # Unlike an anti join it is never turned round, so that what a model joins with
                # filters the file. Keys are never null.
                changed = f"SELECT {keys[0]} FROM {changes}"
                sql = f"SELECT * FROM ({sql}) WHERE {keys[0]} NOT IN ({changed})"
            else:
                same = " AND ".join(f"state.{key} = later.{key}" for key in keys)
                sql = f"SELECT * FROM ({sql}) AS state ANTI JOIN {changes} AS later ON {same}"
        parts.append(sql)
    if state.deltas:
        parts.append(
            f"SELECT {names}, load_id FROM raw.{extract.name}_change WHERE change_type = 'U'"
        )
    if not parts:
        parts.append(_empty_sql(extract, extract.columns))
    return " UNION ALL ".join(parts)


def _changes_sql(
    warehouse: Path,
    extract: Extract,
    state: State,
    ids: dict[tuple[str, str], int],
    places: dict[tuple[str, str], int],
) -> str:
    """What the deltas after the full say last of each key."""
    columns = (CHANGE_TYPE, *extract.columns)
    keys = ", ".join(identifier(name) for name in extract.key)
    own = [entry for entry in state.deltas if entry.extract == extract.name]
    changes = " UNION ALL ".join(
        f"SELECT *, {places[entry.identity]} AS place, 0 AS row "
        f"FROM ({_rows_sql(warehouse, extract, columns, entry, ids)})"
        for entry in own
    )
    if len(own) < len(state.deltas):
        said = [str(places[entry.identity]) for entry in state.deltas if entry not in own]
        sql = CHANGES[extract.name].format(
            own=changes or f"SELECT *, 0 AS place, 0 AS row FROM ({_empty_sql(extract, columns)})",
            stood=f"SELECT 'U' AS change_type, *, -1 AS place, 0 AS row "
            f"FROM ({_full_sql(warehouse, extract, state, ids)})",
            places=f"place IN ({', '.join(said)})",
        )
        typed = ", ".join(
            f"{identifier(c.name)}::{extract.type_inside(c)} AS {c.name}" for c in columns
        )
        return f"SELECT {typed}, load_id FROM ({sql})"
    if len(own) == 1:
        return changes  # its keys are unique already
    return (
        f"SELECT * FROM ({changes}) "
        f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY place DESC) = 1"
    )


def _unique_rank(entry: Entry) -> tuple[object, ...]:
    return (*rank(entry), entry.extract)


def _create_dip_event(
    connection: duckdb.DuckDBPyConnection,
    warehouse: Path,
    deltas: Iterable[Entry],
    ids: dict[tuple[str, str], int],
    places: dict[tuple[str, str], int],
) -> None:
    """Create `raw.dip_event`: what the messages of all DIP files in some state say, in order."""
    connection.execute("DROP TABLE IF EXISTS raw.dip_event")
    parts = [
        f"SELECT *, {places[entry.identity]} AS place FROM "
        f"({_rows_sql(warehouse, DIP_EVENT, STATE_COLUMNS, entry, ids, 'file_row_number')})"
        for entry in deltas
        if entry.extract == DIP_EVENT.name
    ]
    if parts:
        connection.execute(f"CREATE TABLE raw.dip_event AS {' UNION ALL '.join(parts)}")


def _full_sql(
    warehouse: Path, extract: Extract, state: State, ids: dict[tuple[str, str], int]
) -> str:
    if state.full is None:
        return _empty_sql(extract, extract.columns)
    return _rows_sql(warehouse, extract, extract.columns, state.full, ids)


def _empty_sql(extract: Extract, columns: Iterable[Column]) -> str:
    empty = ", ".join(f"NULL::{extract.type_inside(c)} AS {identifier(c.name)}" for c in columns)
    return f"SELECT {empty}, NULL::INTEGER AS load_id WHERE false"


def _rows_sql(
    warehouse: Path,
    extract: Extract,
    columns: Iterable[Column],
    entry: Entry,
    ids: dict[tuple[str, str], int],
    row: str | None = None,
) -> str:
    """The accepted rows of one file; `row` names their place in it, if that is wanted."""
    assert entry.rows is not None
    values = ", ".join(
        f"{identifier(c.name)}::{extract.type_inside(c)} AS {identifier(c.name)}" for c in columns
    )
    if row is not None:
        values += f", {row} AS row"
    sql = (
        f"SELECT {values}, {ids[entry.identity]}::INTEGER AS load_id FROM read_parquet("
        f"{read_path(warehouse / entry.rows)}, hive_partitioning = false, "
        "file_row_number = true) WHERE fault IS NULL"
    )
    if entry.excluded is not None:
        excluded = read_path(warehouse / entry.excluded)
        sql += (
            " AND file_row_number NOT IN "
            f"(SELECT row FROM read_parquet({excluded}, hive_partitioning = false))"
        )
    return sql


def _kept_sql(
    warehouse: Path,
    entries: Iterable[Entry],
    ids: dict[tuple[str, str], int],
    place: str,
    columns: tuple[str, ...],
) -> str:
    """What the lake keeps word for word beside the accepted rows of files."""
    parts = [
        f"SELECT {ids[entry.identity]}::INTEGER AS load_id, file, line, {', '.join(columns)} "
        f"FROM read_parquet({read_path(warehouse / getattr(entry, place))}, "
        "hive_partitioning = false)"
        for entry in sorted(entries, key=lambda entry: entry.identity)
        if getattr(entry, place) is not None
    ]
    if parts:
        return " UNION ALL ".join(parts)
    empty = ", ".join(f"NULL::VARCHAR AS {column}" for column in columns)
    return (
        "SELECT NULL::INTEGER AS load_id, NULL::VARCHAR AS file, NULL::BIGINT AS line, "
        f"{empty} WHERE false"
    )
