"""Opens files of the landing folder: plain files inside it, and nothing that blocks or leads out.

Whatever is in the folder comes from somebody else. A FIFO would hold the load for ever, a device or
a link could hand over other data of this machine. So nothing there is opened in any other way.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path
from typing import BinaryIO

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISLNK, "a link"),
)
# Without O_NONBLOCK the opening of a FIFO waits for its writer.
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY


class NotAFile(Exception):
    """There is no plain file inside the landing folder at this path; the message says what is."""


class Gone(Exception):
    """The file has been removed."""


class Unreached(Exception):
    """The operating system could not read the file, whatever is in it; the message says why."""


def plain_file(path: Path, within: Path | None) -> Path:
    """The plain file that a path leads to, links followed.

    `within` is the folder that it must be in, if it matters. Raises NotAFile, Gone, Unreached.
    """
    try:
        is_link = stat.S_ISLNK(path.lstat().st_mode)
    except FileNotFoundError:
        raise Gone("it was removed") from None
    except OSError as error:
        raise Unreached(_reason(error)) from None
    try:
        real = Path(os.path.realpath(path, strict=True))
        status = real.lstat()
    except OSError as error:
        if is_link and error.errno in (errno.ENOENT, errno.ENOTDIR):
            raise NotAFile("a link to nothing") from None
        if is_link and error.errno == errno.ELOOP:
            raise NotAFile("a link to itself") from None
        if isinstance(error, FileNotFoundError):
            raise Gone("it was removed") from None
        raise Unreached(_reason(error)) from None
    if within is not None and not real.is_relative_to(os.path.realpath(within)):
        raise NotAFile("a link out of the landing folder")
    _require_plain(status.st_mode)
    return real


def open_plain(path: Path) -> BinaryIO:
    """Open what `plain_file` gave. Raises NotAFile, Gone, Unreached, also while it is read."""
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        raise Gone("it was removed") from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise NotAFile("not a plain file") from None
        raise Unreached(_reason(error)) from None
    stream = _Stream(descriptor)
    try:
        _require_plain(os.fstat(descriptor).st_mode)
    except NotAFile:
        stream.close()
        raise
    return io.BufferedReader(stream)


class _Stream(io.FileIO):
    """Tells errors of the operating system from those of what is read."""

    def readinto(self, buffer: bytearray | memoryview, /) -> int | None:  # type: ignore[override]
        try:
            return super().readinto(buffer)
        except OSError as error:
            raise Unreached(_reason(error)) from None

    def readall(self) -> bytes:
        try:
            return super().readall()
        except OSError as error:
            raise Unreached(_reason(error)) from None


def _require_plain(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kinds = (kind for is_kind, kind in _KINDS if is_kind(mode))
        raise NotAFile(next(kinds, "not a plain file"))


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
