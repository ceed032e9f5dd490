"""From a source to what the lake keeps: accepted rows, quarantined rows, and counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from pipeline.contracts import Extract
from pipeline.intake.checks import (
    DATE_FORMS,
    DUPLICATE_KEY,
    columns_of,
    date_columns,
    date_sql,
    faults,
    noted_sql,
    typed_sql,
)
from pipeline.intake.source import Misaligned, Ordinals, Source
from pipeline.sql_text import exact_path, identifier, literal, read_path

# Codes of keys are compared in slices of at most so many (8 bytes each).
_SLICE = 1 << 26
# They are nearly in order if one in 2^8 or fewer is below the one before.
_FEW_RUNS = 8
_FILTER = 1 << 20
# Rows by which the form of a date column is guessed; it is verified afterwards.
_SAMPLE = 200


@dataclass(frozen=True)
class Counts:
    """lines = accepted + quarantined + repeated. `excluded`: clean rows that do not stand.

    `noted`: bad values of accepted lines that became null.
    """

    lines: int
    accepted: int
    quarantined: int
    repeated: int
    excluded: int
    noted: int = 0


@dataclass(frozen=True)
class Places:
    """The Parquet files of one file in the lake.

    `rows` holds every record with as many fields as the header, in order, so that the place of a
    row tells its record. Those with a `fault` are not accepted, nor are those whose place is in
    `excluded`, if that file is there. `quarantine` holds what was quarantined word for word,
    `noted` the values of accepted lines that became null.
    """

    rows: Path
    excluded: Path
    quarantine: Path
    noted: Path


@dataclass(frozen=True)
class _Typed:
    """The typed rows of a file, of which `faulty` have a fault and `noted` a noted value."""

    path: Path
    rows: int
    faulty: int
    noted: int


def stage(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    extract: Extract,
    kind: str,
    file: str,
    plain_ids: bool,
    scratch: Path,
    places: Places,
) -> Counts:
    """Write what the lake keeps of a file."""
    typed = _write_typed(connection, source, extract, kind, plain_ids, places.rows)
    missing = source.missing(connection, typed.rows)
    lines = typed.rows + len(missing)
    rivals = _rivals(connection, typed, extract.key)
    if not (typed.faulty or typed.noted or len(missing) or len(rivals)):
        return Counts(lines, lines, 0, 0, 0)
    _find_suspects(connection, typed, extract.key, rivals, missing)
    suspects = connection.execute("SELECT ordinal FROM suspect ORDER BY ALL").fetchnumpy()
    details = scratch / "details.parquet"
    source.details(connection, np.asarray(suspects["ordinal"]), details)
    _decide(connection, details)
    fates = dict(connection.execute("SELECT fate, count(*) FROM decided GROUP BY ALL").fetchall())
    repeated, quarantined = fates.get("repeated", 0), fates.get("quarantined", 0)
    excluded = "SELECT row FROM decided WHERE fate <> 'accepted' AND fault IS NULL"
    (exclusions,) = _row(connection, f"SELECT count(*) FROM ({excluded})")
    if exclusions:
        _copy(connection, f"{excluded} ORDER BY ALL", places.excluded)
    if quarantined:
        _write_quarantine(connection, file, extract, kind, details, places.quarantine)
    accepted = typed.rows - typed.faulty - exclusions
    if lines != accepted + quarantined + repeated:
        raise Misaligned
    noted = 0
    if typed.noted:
        noted = _write_noted(connection, file, extract, kind, typed, details, places.noted)
    return Counts(lines, accepted, quarantined, repeated, exclusions, noted)


def _write_typed(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    extract: Extract,
    kind: str,
    plain_ids: bool,
    target: Path,
) -> _Typed:
    """Write every row in order, typed, with its fault."""
    columns = columns_of(extract, kind)
    dates = date_columns(columns)
    forms = _guessed_forms(connection, source.text_sql(columns), dates)
    while True:
        sql = typed_sql(source.text_sql(columns), extract, kind, forms, plain_ids)
        rows, values = _copy(connection, sql, target)
        if not values["misdated"] or not _in_doubt(connection, target, dates, values):
            return _Typed(target, rows, values["fault"], values["noted"])
        exact = _exact_forms(connection, source.text_sql(columns), dates)
        if exact == forms:
            return _Typed(target, rows, values["fault"], values["noted"])
        forms = exact


def _guessed_forms(
    connection: duckdb.DuckDBPyConnection, text_sql: str, dates: list[str]
) -> dict[str, str]:
    """The form of each date column by the looks of its first values."""
    names = ", ".join(map(identifier, dates))
    rows = connection.execute(f"SELECT {names} FROM ({text_sql} LIMIT {_SAMPLE})").fetchall()
    looks = [[_look(value) for value in values if value] for values in zip(*rows, strict=True)]
    return {
        name: max(DATE_FORMS, key=seen.count)
        for name, seen in zip(dates, looks or [[]] * len(dates), strict=True)
    }


def _look(text: str) -> str:
    iso, compact, british = DATE_FORMS
    return iso if "-" in text else british if "/" in text else compact


def _exact_forms(
    connection: duckdb.DuckDBPyConnection, text_sql: str, dates: list[str]
) -> dict[str, str]:
    """The form of each date column in which most of its values are dates."""
    counts = ", ".join(
        f"[{', '.join(f'count({date_sql(identifier(name), form)})' for form in DATE_FORMS)}]"
        for name in dates
    )
    relation = f"({text_sql}) WHERE is_whole"
    found = connection.execute(f"SELECT {counts} FROM {relation}").fetchone() or ()
    return {
        name: DATE_FORMS[max(range(len(DATE_FORMS)), key=lambda i: (values[i], -i))]
        for name, values in zip(dates, found, strict=True)
    }


def _in_doubt(
    connection: duckdb.DuckDBPyConnection,
    typed: Path,
    dates: list[str],
    values: Mapping[str, int],
) -> bool:
    """Whether in some column as many values miss the form as have it, so that another may win.

    `values` counts those of each column; of a date column, some may stand in rows of another width.
    """
    misses = ", ".join(f"count(*) FILTER (misdated & {1 << i} > 0)" for i, _ in enumerate(dates))
    missed = _row(connection, f"SELECT {misses} FROM {_scan(typed)} WHERE misdated IS NOT NULL")
    return any(
        times >= max(values[name] - values["fault"], 1)
        for name, times in zip(dates, missed, strict=True)
    )


def _rivals(connection: duckdb.DuckDBPyConnection, typed: _Typed, key: Sequence[str]) -> Ordinals:
    """The rows that share the code of their key with another, and so perhaps their key.

    Sorting codes is far cheaper than grouping keys.
    """
    code_sql = f"hash({', '.join(map(identifier, key))})"
    if len(key) == 1:
        # Numbers come nearly in order, as hashes do not.
        code_sql = f"coalesce(TRY_CAST({identifier(key[0])} AS UBIGINT), {code_sql})"
    slices = -(-typed.rows // _SLICE)
    found = [np.empty(0, dtype=np.int64)]
    for slice_ in range(slices):
        rows, only = "", ""
        if slices > 1:
            rows, only = ", file_row_number AS row", f"WHERE {code_sql} % {slices} = {slice_}"
        result = connection.execute(
            f"SELECT {code_sql} AS code{rows} FROM {_scan(typed.path)} {only}"
        ).pl()
        places = _occurring_again(result["code"].to_numpy())
        found.append(result["row"].to_numpy()[places] if rows else places)
    return np.sort(np.concatenate(found))


def _occurring_again(codes: npt.NDArray[np.uint64]) -> Ordinals:
    """Where the codes are that occur more than once."""
    descents = np.count_nonzero(codes[1:] < codes[:-1])
    if descents < len(codes) >> _FEW_RUNS:
        ordered = np.sort(codes, kind="stable")  # merges the runs that are there
    else:
        ordered = pl.Series(codes).sort().to_numpy()
    repeated = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(repeated):
        return np.empty(0, dtype=np.int64)
    # A table of their last bits, small enough for the processor's cache, rules out most others.
    bits = np.zeros(_FILTER, dtype=np.bool_)
    bits[repeated % _FILTER] = True
    places: Ordinals = np.flatnonzero(bits[codes % _FILTER])
    near = np.searchsorted(repeated, codes[places])
    again: Ordinals = places[repeated[np.minimum(near, len(repeated) - 1)] == codes[places]]
    return again


def _find_suspects(
    connection: duckdb.DuckDBPyConnection,
    typed: _Typed,
    key: Sequence[str],
    rivals: Ordinals,
    missing: Ordinals,
) -> None:
    """The table `suspect`: rows with a fault or a noted value, and those that share their key.

    `row` is the place in `typed` (null if the row is not there), `ordinal` the place in the file,
    `last_row` the last row of the same key.
    """
    keys = ", ".join(map(identifier, key))
    connection.register("rival", pa.table({"row": rivals}))
    # A row is moved down in the file by each missing one before it.
    gaps = missing - np.arange(len(missing))
    connection.register("gap", pa.table({"row": gaps, "moved": np.arange(1, len(gaps) + 1)}))
    connection.register("missing", pa.table({"ordinal": missing}))
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE suspect AS
        WITH sharing AS (
            SELECT file_row_number AS row, NULL::UTINYINT AS fault,
                max(file_row_number) OVER (PARTITION BY {keys}) AS last_row,
                count(*) OVER (PARTITION BY {keys}) AS sharing
            FROM {_scan(typed.path)} SEMI JOIN rival ON file_row_number = rival.row
            WHERE fault IS NULL
        ),
        present AS (
            SELECT row, fault, last_row FROM sharing WHERE sharing > 1
            UNION ALL
            SELECT file_row_number, fault, NULL FROM {_scan(typed.path)} WHERE fault IS NOT NULL
            UNION ALL
            SELECT file_row_number, NULL, file_row_number FROM {_scan(typed.path)}
            WHERE noted IS NOT NULL AND fault IS NULL
                AND file_row_number NOT IN (SELECT row FROM sharing WHERE sharing > 1)
        )
        SELECT row, row + coalesce(moved, 0) AS ordinal, fault, last_row
        FROM present ASOF LEFT JOIN (
            SELECT row AS gap_row, max(moved) AS moved FROM gap GROUP BY ALL
        ) ON row >= gap_row
        UNION ALL
        SELECT NULL, ordinal, 0, NULL FROM missing
        """
    )
    for name in ("rival", "gap", "missing"):
        connection.unregister(name)


def _decide(connection: duckdb.DuckDBPyConnection, details: Path) -> None:
    """The table `decided`: what becomes of each suspect."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE decided AS
        WITH alike AS (
            SELECT ordinal, max(ordinal) OVER (PARTITION BY md5_number(content)) AS last_alike
            FROM {_scan(details)}
        )
        SELECT row, ordinal, fault,
            CASE
                WHEN row = last_row THEN 'accepted'
                WHEN ordinal < last_alike THEN 'repeated'
                ELSE 'quarantined'
            END AS fate
        FROM suspect JOIN alike USING (ordinal)
        """
    )


def _write_quarantine(
    connection: duckdb.DuckDBPyConnection,
    file: str,
    extract: Extract,
    kind: str,
    details: Path,
    target: Path,
) -> None:
    reasons = ", ".join(
        f"({code}, {literal(fault.reason)}, {literal(fault.column) if fault.column else 'NULL'})"
        for code, fault in enumerate(faults(extract, kind))
    )
    _copy(
        connection,
        f"""
        SELECT {literal(file)} AS file, line, coalesce(reason, '{DUPLICATE_KEY}') AS reason,
            column_name, row_text
        FROM decided JOIN {_scan(details)} USING (ordinal)
        LEFT JOIN (VALUES {reasons}) AS reasons (fault, reason, column_name) USING (fault)
        WHERE fate = 'quarantined'
        ORDER BY line
        """,
        target,
    )


def _write_noted(
    connection: duckdb.DuckDBPyConnection,
    file: str,
    extract: Extract,
    kind: str,
    typed: _Typed,
    details: Path,
    target: Path,
) -> int:
    """Write the noted values of accepted lines; gives how many there are."""
    rows, _ = _copy(
        connection,
        f"""
        SELECT {literal(file)} AS file, line, column_name, reason, value
        FROM ({noted_sql(extract, kind, _scan(typed.path))}) AS noted
        JOIN decided USING (row) JOIN {_scan(details)} USING (ordinal)
        WHERE fate = 'accepted'
        ORDER BY line, place
        """,
        target,
    )
    return rows


def _copy(
    connection: duckdb.DuckDBPyConnection, sql: str, target: Path
) -> tuple[int, dict[str, int]]:
    """Write a query as Parquet; gives its rows, and how many values each column has."""
    connection.execute(
        f"COPY ({sql}) TO {exact_path(target)} (FORMAT parquet, COMPRESSION uncompressed, "
        "PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1000, RETURN_STATS true)"
    )
    written = connection.fetchone()
    assert written is not None
    _, rows, _, _, columns, _ = written
    return rows, {
        name[1:-1].replace('""', '"'): rows - int(of["null_count"]) for name, of in columns.items()
    }


def _scan(path: Path) -> str:
    return f"read_parquet({read_path(path)}, hive_partitioning = false, file_row_number = true)"


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    row = connection.execute(sql).fetchone()
    assert row is not None
    return row
