"""Scratch folders of exports, and the sweep of what dead processes left in the exports folder.

A scratch folder is locked (flock) by the process that writes in it, so it is known to be dead when
the process is, however it ended, in another container as well.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.layout import Warehouse

_PREFIX = ".export-"
_SCRATCH = re.compile(r"\.export-[a-z0-9_]{8}")
# A folder of exports that belongs to a publication; `daily` and `audit` do not.
_OF_A_PUBLICATION = re.compile(r"\d{8}-\d{8}T\d{6}Z-[0-9a-f]+")
_PART_SECONDS = 3600  # a small file is written in far less
_AUDIT_SECONDS = 24 * 3600  # links to it expire after minutes


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A folder of this process in `parent`, removed at the end; sweeps what dead ones left."""
    parent.mkdir(parents=True, exist_ok=True)
    sweep_scratch(parent)
    folder, lock = _locked_folder(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked_folder(parent: Path) -> tuple[Path, int]:
    while True:
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        lock = _lock(folder)
        # A sweep may have come between the two steps.
        if lock is not None and folder.exists():
            return folder, lock


def _lock(folder: Path) -> int | None:
    """The descriptor of a lock on a folder; None if a living process holds it or it is gone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def sweep_scratch(parent: Path) -> None:
    """Remove the scratch folders of dead processes."""
    for folder in _scratch_folders(parent):
        lock = _lock(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _scratch_folders(parent: Path) -> list[Path]:
    return [path for path in parent.glob(f"{_PREFIX}*") if _SCRATCH.fullmatch(path.name)]


def sweep_exports(warehouse: Warehouse) -> None:
    """Remove leftovers of dead processes, and the exports of publications that are gone."""
    now = time.time()
    for folder in warehouse.exports.glob("*/"):
        if folder.is_symlink():
            continue
        if not _OF_A_PUBLICATION.fullmatch(folder.name):
            for each in folder.glob("*/"):
                sweep_scratch(each)
            if folder.name == "audit":
                _sweep_older(folder, now - _AUDIT_SECONDS)
        elif not warehouse.publication(folder.name).exists():
            shutil.rmtree(folder, ignore_errors=True)
        else:
            for each in folder.glob("*/"):
                _sweep_unfinished(each)
    for part in warehouse.exports.rglob(".*.part"):
        with suppress(OSError):
            if part.lstat().st_mtime < now - _PART_SECONDS:
                part.unlink()


def _sweep_unfinished(folder: Path) -> None:
    """A folder without a manifest in which nobody is at work: its file is offered to no reader."""
    sweep_scratch(folder)
    if not any(folder.glob("*.manifest.json")) and not _scratch_folders(folder):
        shutil.rmtree(folder, ignore_errors=True)


def _sweep_older(parent: Path, instant: float) -> None:
    for folder in parent.glob("*/"):
        with suppress(OSError):
            if folder.lstat().st_mtime < instant:
                shutil.rmtree(folder, ignore_errors=True)
