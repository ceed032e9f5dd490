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
from pipeline.intake.layout import Index, lay_out
from pipeline.intake.records import canonical, split
from pipeline.intake.source import Ordinals, select_texts
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
# So many misfits are no longer few: the exact reader takes the file.
_MOST_REJECTS = 1_000_000


class Misaligned(Exception):
    """DuckDB does not read the records that the index has."""


class BulkCsv:
    """The rows of a regular CSV file."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        path: Path,
        ext: str,
        header: Sequence[str],
        index: Index,
    ) -> None:
        self.header = header
        self._path = path
        self._ext = ext
        self._index = index
        self._missing: Ordinals = np.empty(0, dtype=np.int64)
        connection.execute("DROP TABLE IF EXISTS reject_errors")
        connection.execute("DROP TABLE IF EXISTS reject_scans")

    def text_sql(self, columns: Sequence[Column]) -> str:
        names = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(self.header)))
        return (
            f"{select_texts(self.header, columns, 'true AS is_whole')} "
            f"FROM read_csv({path_literal(self._path)}, columns = {{{names}}}, "
            f"compression = '{_COMPRESSION[self._ext]}', auto_detect = false, header = true, "
            "delim = ',', quote = '\"', escape = '\"', comment = '', nullstr = '', "
            "strict_mode = true, null_padding = false, hive_partitioning = false, "
            f"store_rejects = true, rejects_limit = {_MOST_REJECTS})"
        )

    def missing(self, connection: duckdb.DuckDBPyConnection, rows: int) -> Ordinals:
        found = connection.execute(
            "SELECT DISTINCT line_byte_position - 1 AS place FROM reject_errors ORDER BY ALL"
        ).fetchnumpy()
        places = np.asarray(found["place"], dtype=np.int64)
        if rows + len(places) != self._index.total - 1:
            raise Misaligned
        # DuckDB gives the place of the record, or of line ends just before it. That this finds
        # the right records is verified by `details`, which sees their fields.
        blocks = np.searchsorted(self._index.offsets, places, side="right") - 1
        ordinals = [
            np.searchsorted(
                lay_out(data).starts + self._index.offsets[block], places[blocks == block]
            )
            + self._index.records[block]
            - 1
            for block, data in self._blocks(blocks)
        ]
        self._missing = np.concatenate([self._missing[:0], *ordinals])
        if len(np.unique(self._missing)) < len(self._missing):
            raise Misaligned
        return self._missing

    def details(
        self, connection: duckdb.DuckDBPyConnection, ordinals: Ordinals, target: Path
    ) -> None:
        records = ordinals + 1  # the header is record 0
        blocks = self._index.block_of(records)
        short = np.isin(ordinals, self._missing)
        with pq.ParquetWriter(target, _DETAILS, compression="zstd") as writer:
            batch = _Batch()
            for block, data in self._blocks(blocks):
                chunk = lay_out(data)
                first, last = np.searchsorted(blocks, [block, block + 1])
                at = records[first:last] - self._index.records[block]
                lines = chunk.lines[at] + (self._index.lines[block] + 1)
                spans = zip(chunk.starts[at].tolist(), chunk.ends[at].tolist(), strict=True)
                for ordinal, line, is_short, (start, end) in zip(
                    ordinals[first:last].tolist(),
                    lines.tolist(),
                    short[first:last].tolist(),
                    spans,
                    strict=True,
                ):
                    text = data[start:end].decode()
                    fields = split(text)
                    if fields is None or is_short == (len(fields) == len(self.header)):
                        raise Misaligned
                    batch.add(ordinal, line, text, canonical(fields) if '"' in text else text)
                    if batch.size > _BATCH_BYTES:
                        writer.write_batch(batch.take())
            writer.write_batch(batch.take())

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


def _ended(data: bytes) -> bytes:
    """The last block may lack its newline."""
    if data.endswith(b"\n"):
        return data
    return data + (b"\r\n" if b"\r\n" in data else b"\n")
