"""Reads a Parquet file: every column as the text that a CSV would hold."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.contracts import Column, Kind
from pipeline.intake.source import Ordinals, Refused, select_texts
from pipeline.intake.stored import UnpacksToTooMuch, most_unpacked
from pipeline.sql_text import exact_path, identifier, read_path

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_INTEGERS = frozenset({*_WHOLE, *(f"U{name}" for name in _WHOLE)})
# Up to here a floating-point type holds every whole number, so that the text is the sender's.
_EXACT = {"FLOAT": 1 << 24, "DOUBLE": 1 << 53}


class ParquetSource:
    """The rows of one Parquet file; row n is line n + 1."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self.path = path
        try:
            described = connection.execute(f"DESCRIBE SELECT * FROM {self._scan()}").fetchall()
            metadata = pq.read_metadata(path)
            schema = metadata.schema.to_arrow_schema()
        except (duckdb.Error, pa.ArrowException, OSError, UnicodeDecodeError) as error:
            first = str(error).splitlines()[0]
            raise Refused(
                "UNREADABLE", f"it cannot be read as Parquet ({first}); ask for the file again."
            ) from None
        # A run of equal values takes no bytes: a row counts as one at least.
        groups = map(metadata.row_group, range(metadata.num_row_groups))
        unpacked = max(metadata.num_rows, sum(group.total_byte_size for group in groups))
        if unpacked > most_unpacked(path.stat().st_size):
            raise Refused("UNREADABLE", f"{UnpacksToTooMuch()}; ask for the file again.")
        # DuckDB reads other numbers out of these.
        self._wide = [i for i, field in enumerate(schema) if "decimal256" in str(field.type)]
        # DuckDB renames a name that occurs twice, or twice but for case.
        self.header: Sequence[str] = list(schema.names)
        self._types = [type_ for _, type_, *_ in described]

    def text_sql(self, columns: Sequence[Column]) -> str:
        kinds = {column.name: column.kind for column in columns}
        for i in self._wide:
            if self.header[i] in kinds:
                raise Refused("UNREADABLE", f"{self.header[i]!r} has more digits than can be read.")
        texts = [
            f"nullif({_text_sql(f'r{i}', type_, kinds[name])}, '') AS c{i}"
            for i, (name, type_) in enumerate(zip(self.header, self._types, strict=True))
            if name in kinds
        ]
        unknown = [f"r{i}" for i, name in enumerate(self.header) if name not in kinds]
        # Always true: what damage there is in a column that nobody asks for is found as well.
        is_whole = f"hash({', '.join(unknown)}) IS NOT NULL" if unknown else "true"
        inner = f"SELECT {', '.join([*texts, f'{is_whole} AS is_whole'])} FROM {self._numbered()}"
        return f"{select_texts(self.header, columns, 'is_whole')} FROM ({inner})"

    def read_through(
        self, connection: duckdb.DuckDBPyConnection, columns: Sequence[Column] = ()
    ) -> None:
        """Read every value, and those of `columns` as text.

        Raises duckdb.Error where one cannot be read.
        """
        values = ", ".join(f"r{i}" for i in range(len(self.header)))
        connection.execute(
            f"SELECT count(*) FROM {self._numbered()} WHERE hash({values}) IS NULL"
        ).fetchone()
        if columns:
            texts = ", ".join(identifier(column.name) for column in columns)
            connection.execute(
                f"SELECT count(*) FROM ({self.text_sql(columns)}) WHERE hash({texts}) IS NULL"
            ).fetchone()

    def missing(self, connection: duckdb.DuckDBPyConnection, rows: int) -> Ordinals:
        return np.empty(0, dtype=np.int64)

    def details(
        self, connection: duckdb.DuckDBPyConnection, ordinals: Ordinals, target: Path
    ) -> None:
        wanted = {"ordinal": pa.array(ordinals)}
        for i in self._wide:
            wanted[f"w{i}"] = self._texts_by_arrow(i, ordinals)
        connection.register("wanted", pa.table(wanted))
        fields = ", ".join(
            _csv_sql(f"coalesce({_text_sql(f'r{i}', type_, None)}, '')")
            if i not in self._wide
            else _csv_sql(f"coalesce(w{i}, '')")
            for i, type_ in enumerate(self._types)
        )
        connection.execute(
            f"""
            COPY (
                SELECT ordinal, ordinal + 2 AS line, row_text, row_text AS content
                FROM (
                    SELECT ordinal, array_to_string([{fields}], ',') AS row_text
                    FROM {self._numbered()} JOIN wanted USING (ordinal)
                )
            ) TO {exact_path(target)} (FORMAT parquet)
            """
        )
        connection.unregister("wanted")

    def _texts_by_arrow(self, place: int, ordinals: Ordinals) -> pa.Array:
        """The text of some values of a column that DuckDB cannot read."""
        with pq.ParquetFile(self.path) as file:
            groups = (
                file.read_row_group(n).column(place).to_pylist() for n in range(file.num_row_groups)
            )
            wanted = iter(ordinals.tolist())
            row = next(wanted, None)
            texts: list[str | None] = []
            for number, value in enumerate(chain.from_iterable(groups)):
                if number == row:
                    texts.append(None if value is None else str(value))
                    row = next(wanted, None)
        return pa.array(texts, pa.string())

    def _numbered(self) -> str:
        names = ", ".join(f"r{i}" for i in range(len(self.header)))
        relation = self._scan(", file_row_number = true")
        if "file_row_number" in map(str.lower, self.header):  # then DuckDB has no other
            relation = f"(SELECT *, row_number() OVER () - 1 FROM {self._scan()})"
        return f"{relation} AS numbered ({names}, ordinal)"

    def _scan(self, options: str = "") -> str:
        return f"read_parquet({read_path(self.path)}, hive_partitioning = false{options})"


def _text_sql(value: str, type_: str, kind: Kind | None) -> str:
    """A value of a native type as the text that a CSV would hold."""
    text = f"CAST({value} AS VARCHAR)"
    if type_ == "BLOB":  # text whose writer did not say so; `decode` fails where it is no UTF-8
        return f"decode({value})" if kind else f"coalesce(try(decode({value})), {text})"
    if type_ == "TIMESTAMP WITH TIME ZONE":
        return f"strftime({value} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
    if kind is Kind.DATE and type_.startswith("TIMESTAMP"):
        return f"regexp_replace({text}, ' 00:00:00$', '')"
    if type_ in _EXACT or type_.startswith("DECIMAL"):
        # A whole number with room for a fraction, as pandas writes one beside nulls.
        limit = _EXACT.get(type_, 10**15)
        return (
            f"CASE WHEN {value} = trunc({value}) AND abs({value}) < {limit} "
            f"THEN CAST(CAST({value} AS BIGINT) AS VARCHAR) ELSE {text} END"
        )
    return text


def _csv_sql(text: str) -> str:
    return (
        f"CASE WHEN regexp_matches({text}, '[,\"\\n\\r]') "
        f"""THEN '"' || replace({text}, '"', '""') || '"' ELSE {text} END"""
    )
