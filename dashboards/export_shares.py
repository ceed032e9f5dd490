"""Which files belong to whose share of the disk: the reader who asked for a file first.

A file `.reader` in the folder of a finished file holds the reader's key.
"""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path

from pipeline.layout import Warehouse

_MARK = ".reader"
# A file may be on its way to a reader for so long after it was made.
SAFE_SECONDS = 3600


def claim(folder: Path, reader: str) -> None:
    """Count a finished file in the reader's share."""
    (folder / _MARK).write_text(reader, "utf-8")


def size(folder: Path) -> int:
    """Bytes of every file below a folder."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # a worker renames and deletes
            total += path.lstat().st_size
    return total


def kept(warehouse: Warehouse, reader: str) -> int:
    """Bytes of the reader's finished files."""
    return sum(size(folder) for folder in _folders(warehouse, reader))


def make_room(warehouse: Warehouse, reader: str, needed: int) -> bool:
    """Delete the reader's oldest files until `needed` bytes went; False if those are too few.

    Files that may be on their way to a reader stay.
    """
    oldest = time.time() - SAFE_SECONDS
    old = [each for each in _folders(warehouse, reader) if _made_at(each) < oldest]
    for folder in sorted(old, key=_made_at):
        if needed <= 0:
            break
        needed -= size(folder)
        shutil.rmtree(folder, ignore_errors=True)
    return needed <= 0


def _made_at(folder: Path) -> float:
    try:
        return (folder / _MARK).stat().st_mtime
    except OSError:
        return time.time()


def _folders(warehouse: Warehouse, reader: str) -> list[Path]:
    found = []
    for mark in warehouse.exports.glob(f"*/*/{_MARK}"):
        with suppress(OSError):
            if mark.read_text("utf-8") == reader:
                found.append(mark.parent)
    return found
