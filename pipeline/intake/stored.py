"""The stored bytes of a file: hashed as they are, read as they unpack."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

BLOCK = 128 << 10  # larger ones cost page faults
_HASHED_AT_ONCE = 4  # one by one the change of threads costs as much as a third of the hash
_CODECS = {"gz": "gzip", "zst": "zstd"}
# File times tick coarsely: a change within this time of a file's last one need not show in them.
_SETTLED_NS = 2_000_000_000


class Unreadable(Exception):
    """The bytes cannot be read as what the name says; the message says why."""


def stamp(path: Path) -> tuple[int, ...]:
    """What the file system knows of a file's content: it differs when the content was written."""
    status = path.stat()
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)


def is_settled(a_stamp: tuple[int, ...]) -> bool:
    """Whether the stamp alone is enough to know the same content again."""
    return time.time_ns() - max(a_stamp[1:3]) > _SETTLED_NS


class _Hashed:
    """A stream that hashes what is read through it, some blocks behind, in a thread of its own."""

    closed = False

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self._pool = ThreadPoolExecutor(1)
        self._pending: Future[None] | None = None
        self._waiting: list[bytes] = []

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        self._waiting.append(block)
        if len(self._waiting) >= _HASHED_AT_ONCE:
            self._settle()
            self._pending = self._pool.submit(self._update, self._waiting)
            self._waiting = []
        return block

    def close(self) -> None:
        """Arrow closes what it reads from; the rest of this is still to be hashed."""

    def hexdigest(self) -> str:
        self._settle()
        self._pool.shutdown()
        self._update(self._waiting)
        return self._hash.hexdigest()

    def _update(self, blocks: list[bytes]) -> None:
        for block in blocks:
            self._hash.update(block)

    def _settle(self) -> None:
        if self._pending is not None:
            self._pending.result()


class Unpacked:
    """The bytes of a file, unpacked, in blocks; afterwards `sha256` of what is stored.

    Use as an iterator to the end, or stop early: `finish` hashes the rest.
    """

    def __init__(self, stream: BinaryIO, ext: str) -> None:
        self._hashed = _Hashed(stream)
        self._codec = _CODECS.get(ext.rpartition(".")[2])
        self._empty = os.fstat(stream.fileno()).st_size == 0

    def __iter__(self) -> Iterator[bytes]:
        if self._codec is None:
            while block := self._hashed.read(BLOCK):
                yield block
            return
        if self._empty:
            raise Unreadable("the file has no bytes, which no compressed file has")
        try:
            # Arrow, unlike DuckDB and zstandard, notices a frame that was cut short.
            source = pa.CompressedInputStream(pa.PythonFile(self._hashed, "r"), self._codec)
            while block := source.read(BLOCK):
                yield block
        except OSError as error:
            raise Unreadable(f"it does not unpack as {self._codec} ({error})") from None

    def finish(self) -> str:
        """Read to the end of what is stored and give its sha256."""
        while self._hashed.read(BLOCK):
            pass
        return self._hashed.hexdigest()
