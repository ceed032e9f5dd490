"""Rows read one by one, exactly: odd CSV files, and what adapters make of messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.contracts import Column
from pipeline.intake.records import Record
from pipeline.intake.source import Ordinals, select_texts
from pipeline.sql_text import exact_path, read_path

_BATCH_ROWS = 20_000
_BATCH_BYTES = 32 << 20
_OWN = [("line", pa.int64()), ("row_text", pa.string()), ("content", pa.string())]


class ExactRows:
    """Records under a header, copied to `scratch` as Parquet of text."""

    def __init__(self, header: Sequence[str], records: Iterable[Record], scratch: Path) -> None:
        self.header = header
        self._copy = scratch / "records.parquet"
        fields = [(f"c{i}", pa.string()) for i in range(len(header))]
        schema = pa.schema([*_OWN, ("is_whole", pa.bool_()), *fields])
        with pq.ParquetWriter(self._copy, schema, compression="zstd") as writer:
            for batch in _batches(records):
                writer.write_batch(self._to_arrow(batch, schema))

    def _to_arrow(self, batch: list[Record], schema: pa.Schema) -> pa.RecordBatch:
        width = len(self.header)
        nothing: list[str | None] = [None] * width
        whole = [len(record.fields) == width for record in batch]
        rows = [r.fields if ok else nothing for r, ok in zip(batch, whole, strict=True)]
        own = [
            [record.line for record in batch],
            [record.text for record in batch],
            [record.content for record in batch],
            whole,
        ]
        arrays = [
            pa.array(values, type=field.type)
            for values, field in zip([*own, *zip(*rows, strict=True)], schema, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def put_in_order(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Order the records by the instants of a column; of equal ones the first stays first."""
        place = self.header.index(name)
        scan = (
            f"SELECT *, try_cast(c{place} AS TIMESTAMPTZ) AS instant FROM read_parquet("
            f"{read_path(self._copy)}, hive_partitioning = false, file_row_number = true)"
        )
        disordered = connection.execute(
            "SELECT coalesce(bool_or(instant < before), false) FROM (SELECT instant, "
            f"max(instant) OVER (ORDER BY file_row_number ROWS UNBOUNDED PRECEDING) AS before "
            f"FROM ({scan}))"
        ).fetchone()
        if disordered is not None and disordered[0]:
            ordered = self._copy.with_name("ordered.parquet")
            connection.execute(
                f"COPY (SELECT * EXCLUDE (instant, file_row_number) FROM ({scan}) "
                "ORDER BY instant NULLS FIRST, file_row_number) "
                f"TO {exact_path(ordered)} (FORMAT parquet, COMPRESSION zstd)"
            )
            self._copy = ordered

    def read_through(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Every byte was looked at."""

    def text_sql(self, columns: Sequence[Column]) -> str:
        present = [c for c in columns if c.name in self.header]
        fields = [
            f"nullif(c{self.header.index(c.name)}, '') AS c{self.header.index(c.name)}"
            for c in present
        ]
        source = f"read_parquet({read_path(self._copy)}, hive_partitioning = false)"
        inner = f"SELECT {', '.join(['is_whole', *fields])} FROM {source}"
        return f"{select_texts(self.header, columns, 'is_whole')} FROM ({inner})"

    def missing(self, connection: duckdb.DuckDBPyConnection, rows: int) -> Ordinals:
        return np.empty(0, dtype=np.int64)

    def details(
        self, connection: duckdb.DuckDBPyConnection, ordinals: Ordinals, target: Path
    ) -> None:
        connection.register("wanted", pa.table({"ordinal": ordinals}))
        connection.execute(
            f"COPY (SELECT file_row_number AS ordinal, line, row_text, content "
            f"FROM read_parquet({read_path(self._copy)}, hive_partitioning = false, "
            f"file_row_number = true) WHERE file_row_number IN (SELECT ordinal FROM wanted)) "
            f"TO {exact_path(target)} (FORMAT parquet)"
        )
        connection.unregister("wanted")


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Records in lists of bounded size: fields are many in a wide file, long in an odd one."""
    batch: list[Record] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record.text) + 64 * len(record.fields)
        if len(batch) >= _BATCH_ROWS or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
