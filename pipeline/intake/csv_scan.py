"""One pass over the bytes of a CSV file: its hash, its encoding, and where its records lie."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from pipeline.intake.layout import Index, Indexer, Irregular
from pipeline.intake.opening import open_plain
from pipeline.intake.records import Record, RecordTooLong, read_records
from pipeline.intake.source import Refused
from pipeline.intake.stored import Unpacked, Unreadable

# What has more columns is no extract; it is read exactly, in bounded memory.
_WIDEST_REGULAR = 500


@dataclass(frozen=True)
class CsvScan:
    """What one pass tells. `header` and `index` are None if the file is not regular."""

    sha256: str
    refused: Refused | None = None
    header: Record | None = None
    index: Index | None = None
    has_plain_ids: bool = False


def scan_csv(path: Path, ext: str) -> CsvScan:
    """Read the file once, from end to end."""
    with open_plain(path) as stream:
        unpacked = Unpacked(stream, ext)
        scan = _Scan()
        try:
            for block in unpacked:
                scan.feed(block)
            scan.finish()
        except Unreadable as error:
            scan.refused = Refused("UNREADABLE", f"{error}; ask for the file again.")
        except RecordTooLong:
            scan.refused = Refused("UNREADABLE", "it has no newline in 16 MiB, which is no CSV.")
        return scan.result(unpacked.finish())


class _Scan:
    def __init__(self) -> None:
        self.refused: Refused | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._is_ascii = True
        self._is_utf8 = True
        self._indexer: Indexer | None = None
        self._is_regular = True
        self._header: Record | None = None

    def feed(self, block: bytes) -> None:
        self._decode(block)
        if self._indexer is None:
            skipped = len(codecs.BOM_UTF8) if block.startswith(codecs.BOM_UTF8) else 0
            self._indexer = Indexer(skipped)
            block = block[skipped:]
        if self._is_regular:
            try:
                self._see(self._indexer.feed(block))
            except Irregular:
                self._is_regular = False

    def finish(self) -> None:
        self._decode(b"", final=True)
        if self._is_regular and self._indexer is not None:
            try:
                self._see(self._indexer.finish())
            except Irregular:
                self._is_regular = False

    def result(self, sha256: str) -> CsvScan:
        refused = self.refused
        if refused is None and not self._is_utf8:
            refused = Refused("BAD_ENCODING", "it is not UTF-8; ask for it in UTF-8.")
        if refused is None and self._is_regular and self._header is None:
            refused = Refused("EMPTY", "it has no header; ask for the file again.")
        if refused is not None or not self._is_regular or self._indexer is None:
            return CsvScan(sha256, refused)
        index = self._indexer.index
        return CsvScan(sha256, None, self._header, index, index.is_plain and self._is_ascii)

    def _decode(self, block: bytes, final: bool = False) -> None:
        if self._is_utf8 and not (self._is_ascii and block.isascii()):
            self._is_ascii = False
            try:
                self._decoder.decode(block, final)
            except UnicodeDecodeError:
                self._is_utf8 = False

    def _see(self, records: bytes) -> None:
        if self._header is None and self._is_utf8:
            self._header = next(read_records([records]), None)
            if self._header is not None and (
                self._header.line > 1
                or "\n" in self._header.text
                or len(self._header.fields) > _WIDEST_REGULAR
            ):
                raise Irregular("a header that is not one short line, the first")
