"""The files of the landing folder: written aside, checksummed and put in place at the end."""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.simulate import days

FileFormat = Literal["csv", "csv.gz", "parquet"]

# Small pieces are gathered to this many rows before they become a Parquet row group.
_ROW_GROUP = 20_000


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every value as its text in a CSV file."""
    return frame.select(pl.all().cast(pl.String))


class ExtractFile:
    """One file in the making: pieces are appended, `finish` checks it in with its manifest."""

    def __init__(
        self, landing: Path, extract: str, kind: str, number: int, file_format: FileFormat
    ) -> None:
        self._day = number
        folder = landing / extract
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{extract}_{kind}_{days.to_date(number):%Y%m%d}.{file_format}"
        self._aside = folder / f".{self.path.name}"
        self._aside.unlink(missing_ok=True)
        self._format = file_format
        self._digest = hashlib.sha256()
        self.extract, self.rows, self.size = extract, 0, 0
        self._begun = False
        # wbits 31 writes a gzip header without name or time, so equal rows make equal bytes.
        self._gzip = zlib.compressobj(4, zlib.DEFLATED, 31) if file_format == "csv.gz" else None
        self._pending: list[pl.DataFrame] = []
        self._parquet: pq.ParquetWriter | None = None

    def append(self, frame: pl.DataFrame) -> None:
        """Adds rows; all pieces have the same columns."""
        if self._format == "parquet":
            self._pending.append(as_text(frame))
            if sum(len(piece) for piece in self._pending) >= _ROW_GROUP:
                self._write_row_group()
        else:
            buffer = io.BytesIO()
            # Names of parties may need quotes; the columns of Metering Points never do.
            quotes: Literal["necessary", "never"] = (
                "never" if "mpan" in frame.columns else "necessary"
            )
            frame.write_csv(buffer, include_header=not self._begun, quote_style=quotes)
            content = buffer.getbuffer()
            self._write(self._gzip.compress(content) if self._gzip else content)
        self._begun = True
        self.rows += len(frame)

    def finish(self) -> None:
        """Puts the file and its manifest in place."""
        if self._format == "parquet":
            self._write_row_group()
            assert self._parquet
            self._parquet.close()
            with self._aside.open("rb") as stream:
                self._digest = hashlib.file_digest(stream, "sha256")
        elif self._gzip:
            self._write(self._gzip.flush())
        self.size = self._aside.stat().st_size
        manifest = {
            "rows": self.rows,
            "sha256": self._digest.hexdigest(),
            "extracted_at": f"{days.to_date(self._day)}T23:30:00+00:00",
        }
        target = self.path.with_name(f"{self.path.name}.manifest.json")
        aside = self.path.with_name(f".{target.name}")
        aside.write_text(json.dumps(manifest) + "\n", encoding="utf-8")
        # The data comes last, and an older file of this name goes first: no reader sees a data file
        # beside the manifest of another.
        self.path.unlink(missing_ok=True)
        aside.replace(target)
        self._aside.replace(self.path)

    def discard(self) -> None:
        """Removes what was written aside."""
        if self._parquet:
            self._parquet.close()
        self._aside.unlink(missing_ok=True)

    def _write(self, content: Any) -> None:
        # Opened for every piece: a year of deltas is more files than a process may hold open.
        with self._aside.open("ab") as stream:
            stream.write(content)
        self._digest.update(content)

    def _write_row_group(self) -> None:
        if not self._pending:
            return
        frame = pl.concat(self._pending)
        self._pending.clear()
        schema = pa.schema([(name, pa.string()) for name in frame.columns])
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)
        if self._parquet is None:
            self._parquet = pq.ParquetWriter(
                self._aside, schema, compression="zstd", store_schema=False
            )
        self._parquet.write_table(table, row_group_size=max(len(table), 1))
