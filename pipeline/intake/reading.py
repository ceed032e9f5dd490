"""From a stored file to its rows in Parquet, or to the reason why there are none."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path

import duckdb

from pipeline.contracts import Column, Extract
from pipeline.intake.adapters import FEEDS
from pipeline.intake.checks import columns_of
from pipeline.intake.csv_bulk import BulkCsv
from pipeline.intake.csv_scan import CsvScan, scan_csv
from pipeline.intake.exact import ExactRows
from pipeline.intake.opening import Gone, NotAFile, Unreached, open_plain
from pipeline.intake.parquet_reader import ParquetSource
from pipeline.intake.records import RecordTooLong, UnclosedQuote, read_records
from pipeline.intake.source import Misaligned, Refused, Source
from pipeline.intake.staging import Counts, Places, stage
from pipeline.intake.stored import Unpacked, Unreadable, stamp

_QUOTED = re.compile('"(?:[^"]|"")*"')


@dataclass(frozen=True)
class Opened:
    """The sha256 of what is stored, and its rows or why it is refused.

    `otherwise` opens the rows in slower ways, for when the first finds that it cannot be trusted.
    """

    sha256: str
    source: Source | None = None
    refused: Refused | None = None
    otherwise: tuple[Callable[[], Source], ...] = ()
    has_plain_ids: bool = False
    ignored: tuple[tuple[str, str, int], ...] = ()

    @property
    def header(self) -> Sequence[str]:
        return self.source.header if self.source is not None else ()


def digest(path: Path) -> str:
    """The sha256 of what is stored."""
    with open_plain(path) as stream:
        return Unpacked(stream, "").finish()


class Ahead:
    """Scans files in a thread of its own, before they are asked for."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "scan")
        self._scans: dict[Path, tuple[tuple[int, ...], Future[CsvScan]]] = {}

    def scan(self, path: Path, ext: str) -> None:
        """Put a file in the queue, once."""
        if path not in self._scans:
            self._scans[path] = (stamp(path), self._pool.submit(scan_csv, path, ext))

    def take(self, path: Path, ext: str) -> CsvScan:
        """The scan of a file: the one made ahead if it was of these very bytes, else a new one."""
        known = self._scans.pop(path, None)
        if known is not None:
            with suppress(OSError, Gone, NotAFile, Unreached):
                scan = known[1].result()
                if known[0] == stamp(path):
                    return scan
        return scan_csv(path, ext)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


def open_file(
    connection: duckdb.DuckDBPyConnection, path: Path, ext: str, scratch: Path, ahead: Ahead
) -> Opened:
    """Read what tells whether the file is one of rows."""
    opened = Opened("")
    try:
        if ext == "parquet":
            opened = Opened(digest(path))
            return replace(opened, source=ParquetSource(connection, path))
        scan = ahead.take(path, ext)
        opened = Opened(scan.sha256, refused=scan.refused, has_plain_ids=scan.has_plain_ids)
        if scan.refused is not None:
            return opened
        if scan.header is None or scan.index is None:
            return replace(opened, source=_exact(path, ext, scratch))
        return replace(
            opened,
            source=BulkCsv(connection, path, ext, scan.header.fields, scan.index),
            otherwise=(partial(_exact, path, ext, scratch),),
        )
    except Refused as refused:
        return replace(opened, refused=refused)


def open_feed(
    connection: duckdb.DuckDBPyConnection, path: Path, feed: str, ext: str, scratch: Path
) -> Opened:
    """Read a file of an industry format."""
    adapted = FEEDS[feed].open(path, ext, scratch)
    if adapted.source is not None and "sent_at" in adapted.source.header:
        adapted.source.put_in_order(connection, "sent_at")
    return Opened(
        adapted.sha256,
        adapted.source,
        adapted.refused,
        ignored=tuple((*kind, times) for kind, times in sorted(adapted.ignored.items())),
    )


def read_through(connection: duckdb.DuckDBPyConnection, opened: Opened) -> None:
    """Raise Refused if the file is one that cannot be read, found or not so far."""
    assert opened.source is not None
    try:
        opened.source.read_through(connection)
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise _refusal(error) from None


def write_rows(
    connection: duckdb.DuckDBPyConnection,
    opened: Opened,
    extract: Extract,
    kind: str,
    file: str,
    scratch: Path,
    places: Places,
) -> Counts:
    """Write the rows of a file to `places`.

    Raises Refused where the file is at fault, and what DuckDB raised where our own disk is.
    """
    assert opened.source is not None
    ways = iter(opened.otherwise)
    source = opened.source
    while True:
        try:
            return stage(
                connection, source, extract, kind, file, opened.has_plain_ids, scratch, places
            )
        except duckdb.OutOfMemoryException:
            raise
        except (duckdb.Error, Misaligned, Unreadable) as error:
            way = next(ways, None)
            if way is not None:
                source = way()
            elif isinstance(error, duckdb.Error):
                raise _fault_of(connection, source, columns_of(extract, kind), error) from None
            else:
                raise _refusal(error) from None


def _exact(path: Path, ext: str, scratch: Path) -> ExactRows:
    try:
        with open_plain(path) as stream:
            blocks = iter(Unpacked(stream, ext))
            first = next(blocks, b"").removeprefix(codecs.BOM_UTF8)
            records = read_records(chain([first], blocks))
            header = next(records, None)
            if header is None:
                raise Refused("EMPTY", "it has no header; ask for the file again.")
            rows = list(islice(records, 1))
            if not rows and "\r" in _QUOTED.sub("", header.text):
                raise Refused(
                    "UNREADABLE", "its lines end in carriage returns alone; ask for LF or CRLF."
                )
            return ExactRows(header.fields, chain(rows, records), scratch)
    except UnicodeDecodeError:
        raise Refused("BAD_ENCODING", "it is not UTF-8; ask for it in UTF-8.") from None
    except (RecordTooLong, UnclosedQuote, Unreadable) as error:
        raise Refused("UNREADABLE", f"{error}; ask for the file again.") from None


def _fault_of(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    columns: Sequence[Column],
    error: duckdb.Error,
) -> Exception:
    """The refusal if reading the file, and writing nothing, fails as well; else our own error.

    Only Parquet files are read by DuckDB itself; what it reads of others is our own copy.
    """
    if isinstance(source, ParquetSource):
        digest(source.path)
        try:
            source.read_through(connection, columns)
        except duckdb.OutOfMemoryException as other:
            return other
        except duckdb.Error as found:
            return _refusal(found)
    return error


def _refusal(error: Exception) -> Refused:
    """What DuckDB found in a file that only it reads, a Parquet file."""
    first = str(error).splitlines()[0]
    if "UTF" in first or "Invalid string encoding" in first or "decode" in first.lower():
        return Refused("BAD_ENCODING", f"it holds text that is not UTF-8 ({first}).")
    return Refused("UNREADABLE", f"it cannot be read ({first}); ask for the file again.")
