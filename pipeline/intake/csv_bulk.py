"""Reads a regular CSV file with DuckDB, in parallel and in order; rows never pass through Python.

DuckDB gives no line numbers, so the place of a row among the rows is its record number, and the
index of the scan says where that record lies. That both count the same records is verified.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.contracts import Column
from pipeline.intake.checks import path_literal
from pipeline.intake.layout import Chunk, Index, lay_out
from pipeline.intake.records import canonical, split
from pipeline.intake.source import Misaligned, Ordinals, select_texts
from pipeline.intake.stored import Unpacked

_COMPRESSION = {"csv": "none", "csv.gz": "gzip", "csv.zst": "zstd"}
_DETAILS = pa.schema(
    [
        ("ordinal", pa.int64()),
        ("line", pa.int64()),
        ("row_text", pa.string()),
        ("content", pa.string()),
    ]
)
_BATCH_BYTES = 32 << 20
# DuckDB's own 32 MB leave the processor's cache, and are read whole for a look at the first rows.
_BUFFER = 4 << 20
_NONE: Ordinals = np.empty(0, dtype=np.int64)


class BulkCsv:
    """The rows of a regular CSV file.

    Which records have another number of fields than the header is known from the bytes. DuckDB
    leaves them out, but for those that are too long by empty fields alone: it takes these as whole.
    `thorough` looks for them in every file, not only in one where some block of records has more or
    fewer commas than it should.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        path: Path,
        ext: str,
        header: Sequence[str],
        index: Index,
        thorough: bool = False,
    ) -> None:
        self.header = header
        self._path = path
        self._ext = ext
        self._index = index
        self._missing, overlong = _NONE, _NONE
        if thorough or not index.is_even(len(header)):
            self._missing, overlong = self._misfits()
        self._has_overlong = len(overlong) > 0
        if self._has_overlong:
            rows = overlong - np.searchsorted(self._missing, overlong)
            connection.register("overlong", pa.table({"row": rows}))

    def read_through(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Every byte was looked at."""

    def text_sql(self, columns: Sequence[Column]) -> str:
        names = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(self.header)))
        relation = (
            f"read_csv({path_literal(self._path)}, columns = {{{names}}}, "
            f"compression = '{_COMPRESSION[self._ext]}', buffer_size = {_BUFFER}, "
            "auto_detect = false, header = true, "
            "delim = ',', quote = '\"', escape = '\"', comment = '', nullstr = '', "
            "strict_mode = true, null_padding = false, hive_partitioning = false, "
            "ignore_errors = true)"
        )
        is_whole = "true"
        if self._has_overlong:
            relation = f"(SELECT *, row_number() OVER () - 1 AS place FROM {relation})"
            is_whole = "place NOT IN (SELECT row FROM overlong)"
        return f"{select_texts(self.header, columns, f'{is_whole} AS is_whole')} FROM {relation}"

    def missing(self, connection: duckdb.DuckDBPyConnection, rows: int) -> Ordinals:
        if rows + len(self._missing) != self._index.total - 1:
            raise Misaligned
        return self._missing

    def details(
        self, connection: duckdb.DuckDBPyConnection, ordinals: Ordinals, target: Path
    ) -> None:
        records = ordinals + 1  # the header is record 0
        blocks = self._index.block_of(records)
        with pq.ParquetWriter(target, _DETAILS, compression="zstd") as writer:
            batch = _Batch()
            for block, data in self._blocks(blocks):
                chunk = lay_out(data)
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

    def _misfits(self) -> tuple[Ordinals, Ordinals]:
        """The places (from 0) of the rows that DuckDB leaves out, and of those it should have."""
        width = len(self.header)
        left_out, overlong = [_NONE], [_NONE]
        for block, data in self._blocks(np.arange(len(self._index.offsets))):
            chunk = lay_out(data)
            commas = chunk.commas
            odd = np.flatnonzero(commas != width - 1)
            is_overlong = commas[odd] >= width
            texts = _texts(data, chunk, odd[is_overlong])
            is_overlong[is_overlong] = [_ends_empty(text, width) for text in texts]
            ordinals = odd + (self._index.records[block] - 1)
            left_out.append(ordinals[~is_overlong])
            overlong.append(ordinals[is_overlong])
        return np.concatenate(left_out), np.concatenate(overlong)

    def _blocks(self, wanted: Ordinals) -> Iterator[tuple[int, bytes]]:
        """The blocks asked for, once each, in order; each ends with a newline."""
        index = self._index
        numbers = np.unique(wanted).tolist()
        with self._path.open("rb") as stream:
            if self._ext == "csv":
                for number in numbers:
                    stream.seek(index.offsets[number])
                    yield number, _ended(stream.read(index.sizes[number]))
                return
            blocks = iter(Unpacked(stream, self._ext))
            rest, offset = b"", 0
            for number in numbers:
                start, size = index.offsets[number], index.sizes[number]
                while offset + len(rest) < start + size:
                    passed = max(0, min(start - offset, len(rest)))
                    rest, offset = rest[passed:] + next(blocks), offset + passed
                yield number, _ended(rest[start - offset : start - offset + size])


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


def _ends_empty(text: str, width: int) -> bool:
    """Whether all fields beyond the first `width` are empty."""
    return text.endswith((",", '"')) and not any(_fields(text)[width:])


def _ended(data: bytes) -> bytes:
    """The last block may lack its newline."""
    if data.endswith(b"\n"):
        return data
    return data + (b"\r\n" if b"\r\n" in data else b"\n")
