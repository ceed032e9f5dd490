"""Reads a regular CSV file with Arrow, block by block; rows never pass through Python.

The index of the scan says which records a block holds. That Arrow finds as many is verified.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from pipeline.contracts import Column
from pipeline.intake.layout import Chunk, Index, Irregular, lay_out
from pipeline.intake.opening import open_plain
from pipeline.intake.records import canonical, split
from pipeline.intake.source import Misaligned, Ordinals
from pipeline.intake.stored import Unpacked

_DETAILS = pa.schema(
    [
        ("ordinal", pa.int64()),
        ("line", pa.int64()),
        ("row_text", pa.string()),
        ("content", pa.string()),
    ]
)
_BATCH_BYTES = 32 << 20
# Blocks of the index that Arrow parses together: 1 MB, which fits into the processor's cache.
_TOGETHER = 8
_NONE: Ordinals = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class _Records:
    """Some records of the file: their bytes, how many, and how many there are before."""

    data: bytes
    count: int
    before: int


class BulkCsv:
    """The rows of a regular CSV file.

    Records with another number of fields than the header are left out.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        path: Path,
        ext: str,
        header: Sequence[str],
        index: Index,
    ) -> None:
        self.header = header
        self._connection = connection
        self._path = path
        self._ext = ext
        self._index = index
        self._missing = [_NONE]

    def read_through(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Every byte was looked at."""

    def text_sql(self, columns: Sequence[Column]) -> str:
        schema = pa.schema([(column.name, pa.string()) for column in columns])
        reader = pa.RecordBatchReader.from_batches(schema, self._batches(columns))
        self._connection.register("csv_text", reader)
        return "SELECT *, true AS is_whole FROM csv_text"

    def missing(self, connection: duckdb.DuckDBPyConnection, rows: int) -> Ordinals:
        missing = np.concatenate(self._missing)
        if rows + len(missing) != self._index.total - 1:
            raise Misaligned
        return missing

    def _batches(self, columns: Sequence[Column]) -> Iterator[pa.RecordBatch]:
        """The text of these columns, in the order of rows."""
        self._missing = missing = [_NONE]
        for records in self._records():
            batch, left_out = self._parse(records, columns)
            missing.append(left_out)
            yield batch

    def _parse(
        self, records: _Records, columns: Sequence[Column]
    ) -> tuple[pa.RecordBatch, Ordinals]:
        """Records as text, null where empty or absent, and the places of those left out."""
        width = len(self.header)
        names = [f"c{i}" for i in range(width)]
        place = {
            column.name: self.header.index(column.name)
            for column in columns
            if column.name in self.header
        }
        wanted = [names[i] for i in place.values()]
        try:
            table = pc.read_csv(
                pa.BufferReader(records.data),
                read_options=pc.ReadOptions(
                    use_threads=False, block_size=len(records.data) + 1, column_names=names
                ),
                parse_options=pc.ParseOptions(
                    newlines_in_values=b'"' in records.data, invalid_row_handler=lambda _: "skip"
                ),
                convert_options=pc.ConvertOptions(
                    check_utf8=False,
                    column_types=dict.fromkeys(wanted, pa.string()),
                    include_columns=wanted,
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
        except pa.ArrowInvalid as error:
            raise Misaligned from error
        missing = _NONE
        if table.num_rows != records.count:
            odd = np.flatnonzero(_lay_out(records.data, records.count).commas != width - 1)
            if table.num_rows + len(odd) != records.count:
                raise Misaligned
            missing = odd + (records.before - 1)  # the header is record 0
        texts = {name: table[names[i]].combine_chunks() for name, i in place.items()}
        absent = pa.nulls(table.num_rows, pa.string())
        return pa.record_batch({c.name: texts.get(c.name, absent) for c in columns}), missing

    def _records(self) -> Iterator[_Records]:
        """All records but the header."""
        index = self._index
        ends = [*index.records[1:], index.total]
        stream = self._blocks(np.arange(len(ends)))
        while blocks := list(islice(stream, _TOGETHER)):
            first, last = blocks[0][0], blocks[-1][0]
            data = b"".join(block for _, block in blocks)
            before = index.records[first]
            if first == 0:
                data, before = data[data.index(b"\n") + 1 :], 1
            if ends[last] > before:
                yield _Records(data, ends[last] - before, before)

    def details(
        self, connection: duckdb.DuckDBPyConnection, ordinals: Ordinals, target: Path
    ) -> None:
        records = ordinals + 1  # the header is record 0
        blocks = self._index.block_of(records)
        ends = [*self._index.records[1:], self._index.total]
        with pq.ParquetWriter(target, _DETAILS, compression="zstd") as writer:
            batch = _Batch()
            for block, data in self._blocks(blocks):
                chunk = _lay_out(data, ends[block] - self._index.records[block])
                first, last = np.searchsorted(blocks, [block, block + 1])
                at = records[first:last] - self._index.records[block]
                lines = chunk.lines[at] + (self._index.lines[block] + 1)
                for ordinal, line, text in zip(
                    ordinals[first:last].tolist(),
                    lines.tolist(),
                    _texts(data, chunk, at),
                    strict=True,
                ):
                    batch.add(ordinal, line, text, _content(text))
                    if batch.size > _BATCH_BYTES:
                        writer.write_batch(batch.take())
            writer.write_batch(batch.take())

    def _blocks(self, wanted: Ordinals) -> Iterator[tuple[int, bytes]]:
        """The blocks asked for, once each, in order; each ends with a newline."""
        index = self._index
        numbers = np.unique(wanted).tolist()
        with open_plain(self._path) as stream:
            if self._ext == "csv":
                for number in numbers:
                    stream.seek(index.offsets[number])
                    yield number, index.ended(stream.read(index.sizes[number]))
                return
            blocks = iter(Unpacked(stream, self._ext))
            rest, offset = b"", 0
            for number in numbers:
                start, size = index.offsets[number], index.sizes[number]
                while offset + len(rest) < start + size:
                    passed = max(0, min(start - offset, len(rest)))
                    block = next(blocks, None)
                    if block is None:
                        raise Misaligned
                    rest, offset = rest[passed:] + block, offset + passed
                yield number, index.ended(rest[start - offset : start - offset + size])


class _Batch:
    """Rows on their way to Parquet."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._columns: tuple[list[int], list[int], list[str], list[str]] = ([], [], [], [])
        self.size = 0

    def add(self, ordinal: int, line: int, text: str, content: str) -> None:
        ordinals, lines, texts, contents = self._columns
        ordinals.append(ordinal)
        lines.append(line)
        texts.append(text)
        contents.append(content)
        self.size += 2 * len(text) + 300

    def take(self) -> pa.RecordBatch:
        arrays = [pa.array(c, type=f.type) for c, f in zip(self._columns, _DETAILS, strict=True)]
        self._clear()
        return pa.RecordBatch.from_arrays(arrays, schema=_DETAILS)


def _lay_out(data: bytes, records: int) -> Chunk:
    """Raises Misaligned if the bytes are not those of the scan: the file was written to since."""
    try:
        chunk = lay_out(data)
        data.decode()
    except (Irregular, UnicodeDecodeError) as error:
        raise Misaligned from error
    if len(chunk.starts) != records:
        raise Misaligned
    return chunk


def _texts(data: bytes, chunk: Chunk, at: Ordinals) -> Iterator[str]:
    """The records at these places of a block, without their end of line."""
    for start, end in zip(chunk.starts[at].tolist(), chunk.ends[at].tolist(), strict=True):
        yield data[start:end].decode()


def _content(text: str) -> str:
    """One spelling for all records that agree in every field."""
    return canonical(_fields(text)) if '"' in text else text


def _fields(text: str) -> list[str]:
    fields = split(text)
    assert fields is not None  # a regular file closes its quotes
    return fields
