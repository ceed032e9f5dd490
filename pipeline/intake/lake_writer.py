"""Writes typed rows to a Parquet file of the lake with Arrow, which takes labels as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.contracts import Column
from pipeline.intake.plain import lake_schema

# As many as DuckDB scans at once.
_GROUP = 122_880
_BATCH = 1 << 14
# Arrow writes a group in many pieces slower than it joins them.
_MANY = 32


class LakeWriter:
    """A Parquet file in the making: `rows` in it, and how many `values` each column has."""

    def __init__(self, target: Path, columns: Sequence[Column]) -> None:
        self._schema = lake_schema(columns)
        names = {field.name: field.type for field in self._schema}
        self._writer = pq.ParquetWriter(
            target,
            self._schema,
            compression="none",
            data_page_version="2.0",
            write_batch_size=_BATCH,
            write_statistics=[n for n in names if n == "mpan"],
            use_dictionary=[n for n, type_ in names.items() if pa.types.is_dictionary(type_)],
            column_encoding={
                n: encoding
                for n, type_ in names.items()
                if (encoding := _encoding(type_)) is not None
            },
            store_decimal_as_integer=True,
        )
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._nulls: Counter[str] = Counter()
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        try:
            if error[0] is None:
                self._flush()
        finally:
            self._writer.close()

    @property
    def values(self) -> dict[str, int]:
        return {name: self.rows - self._nulls[name] for name in self._schema.names}

    def typed(self, table: pa.Table) -> pa.RecordBatch:
        """Rows typed by DuckDB, with the types of the lake."""
        arrays = [
            _as(column.combine_chunks(), field.type)
            for column, field in zip(table.columns, self._schema, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)

    def write(self, typed: pa.RecordBatch) -> None:
        """Add rows after those before."""
        self._waiting.append(typed)
        self._waiting_rows += len(typed)
        self.rows += len(typed)
        if self._waiting_rows >= _GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._waiting_rows:
            table = pa.Table.from_batches(self._waiting).unify_dictionaries()
            if len(self._waiting) > _MANY:
                table = table.combine_chunks()
            for name, column in zip(table.column_names, table.columns, strict=True):
                self._nulls[name] += column.null_count
            self._writer.write_table(table, row_group_size=self._waiting_rows)
            self._waiting, self._waiting_rows = [], 0


def _encoding(type_: pa.DataType) -> str | None:
    if pa.types.is_string(type_):
        return "DELTA_LENGTH_BYTE_ARRAY"
    if pa.types.is_integer(type_) or pa.types.is_temporal(type_):
        return "DELTA_BINARY_PACKED"
    return None


def _as(array: pa.Array, type_: pa.DataType) -> pa.Array:
    """DuckDB's labels are of another dictionary, its texts of none."""
    if pa.types.is_dictionary(type_):
        return array.cast(pa.string()).dictionary_encode()
    return array.cast(type_)
