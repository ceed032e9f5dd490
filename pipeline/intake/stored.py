"""The stored bytes of a file: hashed as they are, read as they unpack."""

from __future__ import annotations

import gzip
import hashlib
import os
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from pipeline import signals
from pipeline.contracts import MOST_TIMES_UNPACKED

BLOCK = 128 << 10  # larger ones cost page faults
_CODECS = ("gz", "zst")
# File times tick coarsely: a change within this time of a file's last one need not show in them.
_SETTLED_NS = 2_000_000_000
_ALWAYS_UNPACKED = 1 << 30
# One setting for the process: files are scanned in threads, far from the command that sets it.
_most_times = MOST_TIMES_UNPACKED


class Unreadable(Exception):
    """The bytes cannot be read as what the name says; the message says why."""


class UnpacksToTooMuch(Unreadable):
    """The file is larger than its stored size permits."""

    def __init__(self) -> None:
        super().__init__(
            f"it unpacks to more than 1 GiB and more than {_most_times:,} times its size, and was "
            "not read further (if its content is right, load it with a higher --max-ratio)"
        )


def allow_ratio(times: int) -> None:
    """Set how many times its size a file may have when it is unpacked; 1 GiB is always allowed."""
    global _most_times
    _most_times = times


def most_unpacked(size: int) -> int:
    """How many bytes a file of this size may unpack to."""
    return max(_ALWAYS_UNPACKED, _most_times * size)


def stamp(path: Path) -> tuple[int, ...]:
    """What the file system knows of a file's content: it differs when the content was written."""
    status = path.stat()
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)


def is_settled(a_stamp: tuple[int, ...]) -> bool:
    """Whether the stamp alone is enough to know the same content again."""
    return time.time_ns() - max(a_stamp[1:3]) > _SETTLED_NS


class _Hashed:
    """A stream that hashes what is read through it."""

    closed = False

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        self._hash.update(block)
        return block

    def close(self) -> None:
        """Arrow closes what it reads from; the rest of this is still to be hashed."""

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


class Unpacked:
    """The bytes of a file, unpacked, in blocks; afterwards `sha256` of what is stored.

    Use as an iterator to the end, or stop early: `finish` hashes the rest.
    """

    def __init__(self, stream: BinaryIO, ext: str) -> None:
        self._hashed = _Hashed(stream)
        self._codec = ext.rpartition(".")[2]
        self._size = os.fstat(stream.fileno()).st_size

    def __iter__(self) -> Iterator[bytes]:
        if self._codec not in _CODECS:
            while block := self._hashed.read(BLOCK):
                signals.check()
                yield block
            return
        if self._size == 0:
            raise Unreadable("the file has no bytes, which no compressed file has")
        try:
            left = most_unpacked(self._size)
            if self._codec == "gz":
                # Unlike Arrow it passes over zero bytes after a member, with which tapes and some
                # uploaders fill up a block.
                source = gzip.GzipFile(fileobj=cast(BinaryIO, self._hashed), mode="rb")
            else:
                # Arrow, unlike DuckDB and zstandard, notices a frame that was cut short.
                source = pa.CompressedInputStream(pa.PythonFile(self._hashed, "r"), "zstd")
            while block := source.read(BLOCK):
                signals.check()
                left -= len(block)
                if left < 0:
                    raise UnpacksToTooMuch
                yield block
        except (OSError, EOFError, zlib.error) as error:
            raise Unreadable(f"it does not unpack as {self._codec} ({error})") from None

    def finish(self) -> str:
        """Read to the end of what is stored and give its sha256."""
        while self._hashed.read(BLOCK):
            signals.check()
        return self._hashed.hexdigest()
