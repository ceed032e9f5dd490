"""Where the records of a CSV file lie in its bytes, found with a few array operations a block.

Works for *regular* files alone: quotes as in RFC 4180, one kind of line end, no NUL, no giant
record. For those a newline ends a record if and only if the quotes before it are even in number,
and Arrow reads the same records. Whatever else `exact` reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pipeline.intake.records import LONGEST_RECORD, RecordTooLong

_LF, _CR, _SPACE, _QUOTE, _COMMA = 10, 13, 32, 34, 44
# So that a block stays small; what is longer is read exactly.
_LONGEST_REGULAR = 1 << 20

Positions = npt.NDArray[np.int64]


class Irregular(Exception):
    """The bytes are not those of a regular CSV file; the message says where."""


@dataclass(frozen=True)
class Tally:
    """What a run of whole lines holds, without where."""

    records: int
    newlines: int
    is_crlf: bool
    is_plain: bool  # no '|', and no control character but those that end a line


@dataclass(frozen=True)
class Chunk:
    """The records of a run of whole lines; `lines` is where each begins, the first being 0."""

    starts: Positions
    ends: Positions
    lines: Positions
    newlines: int
    is_crlf: bool
    is_plain: bool
    separators: npt.NDArray[np.bool_]  # which bytes are commas between fields

    @property
    def commas(self) -> Positions:
        """How many separators each record has: one less than fields."""
        return np.add.reduceat(self.separators, self.starts, dtype=np.int64)

    @property
    def tally(self) -> Tally:
        return Tally(
            len(self.starts),
            self.newlines,
            self.is_crlf,
            self.is_plain,
        )


def tally(data: bytes) -> Tally:
    """`lay_out(data).tally`, for a third of the price where there is nothing to look for."""
    if b'"' in data or b"\r" in data or len(data) > _LONGEST_REGULAR:
        return lay_out(data).tally
    array = np.frombuffer(data, dtype=np.uint8)
    ends = array == _LF
    if ends[0] or (ends[1:] & ends[:-1]).any():
        return lay_out(data).tally
    lines = int(np.count_nonzero(ends))
    return Tally(
        lines,
        lines,
        False,
        _is_plain(data, array, lines),
    )


def lay_out(data: bytes) -> Chunk:
    """The records of `data`, which begins and ends with a record. Raises Irregular."""
    array = np.frombuffer(data, dtype=np.uint8)
    newlines = np.flatnonzero(array == _LF)
    quotes = _quotes(data, array)
    ends = newlines if len(quotes) == 0 else newlines[np.searchsorted(quotes, newlines) % 2 == 0]
    starts = np.concatenate([[0], ends[:-1] + 1])
    is_crlf = bool(ends[0] > 0 and array[ends[0] - 1] == _CR)
    if b"\r" in data:
        returns = np.flatnonzero(array == _CR)
        if not (array[returns + 1] == _LF).all():
            raise Irregular("a carriage return without a newline")
        if is_crlf:
            if not (array[ends - 1] == _CR).all():
                raise Irregular("lines end in two ways")
            ends = ends - 1
        elif (array[ends[ends > 0] - 1] == _CR).any():
            raise Irregular("lines end in two ways")
    sizes = ends - starts
    if sizes.max() > _LONGEST_REGULAR:
        raise Irregular("a very long record")
    lines = np.searchsorted(newlines, starts) if len(newlines) > len(ends) else np.arange(len(ends))
    is_plain = _is_plain(data, array, len(ends) * (1 + is_crlf))
    if sizes.min() == 0:
        kept = sizes > 0
        starts, ends, lines = starts[kept], ends[kept], lines[kept]
    separators = array == _COMMA
    if len(quotes):
        separators &= np.bitwise_xor.accumulate(array == _QUOTE) == 0
    return Chunk(starts, ends, lines, len(newlines), is_crlf, is_plain, separators)


def cut(data: bytes) -> int:
    """Where the last whole record of `data` ends, newline included; 0 if none does."""
    if b'"' not in data:
        return data.rfind(b"\n") + 1
    array = np.frombuffer(data, dtype=np.uint8)
    newlines = np.flatnonzero(array == _LF)
    outside = newlines[np.searchsorted(np.flatnonzero(array == _QUOTE), newlines) % 2 == 0]
    return int(outside[-1]) + 1 if len(outside) else 0


def _is_plain(data: bytes, array: npt.NDArray[np.uint8], controls: int) -> bool:
    """Whether no '|' is there and no control character beyond so many, the ends of lines."""
    return (
        b"|" not in data
        and b"\x7f" not in data
        and bool(np.count_nonzero(array < _SPACE) == controls)
    )


def _quotes(data: bytes, array: npt.NDArray[np.uint8]) -> Positions:
    """Where the quotes are. Raises Irregular where they are not as in RFC 4180."""
    if b'"' not in data:
        return np.empty(0, dtype=np.int64)
    quotes = np.flatnonzero(array == _QUOTE)
    if len(quotes) % 2:
        raise Irregular("a quote is never closed")
    opening, closing = quotes[::2], quotes[1::2]
    before = np.where(opening > 0, array[opening - 1], _LF)
    if not np.isin(before, (_COMMA, _LF, _QUOTE)).all():
        raise Irregular("a quote inside an unquoted field")
    # An escaped quote is a closing one and the next opening one side by side.
    beside = before == _QUOTE
    if beside[0] or (closing[:-1] != opening[1:] - 1)[beside[1:]].any():
        raise Irregular("a quote inside an unquoted field")
    after = array[closing + 1]
    returns = (after == _CR) & (array[np.minimum(closing + 2, len(array) - 1)] == _LF)
    if not (np.isin(after, (_COMMA, _LF, _QUOTE)) | returns).all():
        raise Irregular("text after a closing quote")
    return quotes


@dataclass
class Index:
    """Where blocks of whole records begin: enough to find any record again without reading all."""

    offsets: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    records: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    total: int = 0  # records, the header too
    is_plain: bool = True
    _line: int = 0
    _is_crlf: bool | None = None

    def add(self, offset: int, size: int, tally: Tally) -> None:
        """Take the next block. Raises Irregular if its lines end otherwise than those before."""
        if self._is_crlf not in (None, tally.is_crlf):
            raise Irregular("lines end in two ways")
        self._is_crlf = tally.is_crlf
        self.offsets.append(offset)
        self.sizes.append(size)
        self.records.append(self.total)
        self.lines.append(self._line)
        self.total += tally.records
        self.is_plain = self.is_plain and tally.is_plain
        self._line += tally.newlines

    def ended(self, data: bytes) -> bytes:
        """A block with its last newline, which the file may lack."""
        return data if data.endswith(b"\n") else data + (b"\r\n" if self._is_crlf else b"\n")

    def block_of(self, records: Positions) -> Positions:
        return np.searchsorted(self.records, records, side="right") - 1


class Indexer:
    """Cuts a stream of bytes into blocks of whole records and indexes them."""

    def __init__(self, offset: int) -> None:
        self.index = Index()
        self._offset = offset
        self._rest = b""

    def feed(self, block: bytes) -> bytes:
        """Take the next bytes; give the whole records among those not given yet."""
        data = self._rest + block if self._rest else block
        if b"\0" in block:
            raise Irregular("a NUL byte")
        end = cut(data)
        if end == 0 and len(data) > LONGEST_RECORD:
            if b'"' not in data:
                raise RecordTooLong
            raise Irregular("a very long record")
        self._rest = data[end:]
        return self._add(data[:end], end)

    def finish(self) -> bytes:
        """Take the end of the file; give what followed the last newline, with one."""
        size = len(self._rest)
        if not size:
            return b""
        if self._rest.endswith(b"\r"):
            raise Irregular("a carriage return without a newline")
        return self._add(self.index.ended(self._rest), size)

    def _add(self, records: bytes, size: int) -> bytes:
        if records:
            self.index.add(self._offset, size, tally(records))
            self._offset += size
        return records
