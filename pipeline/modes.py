"""Who may read the files of a warehouse: its account and the group, nobody else.

Files hold MPANs. Every entry point calls `keep_private` before it creates anything, so folders are
0750 and files 0640. Publications are 0440: most clients open a file for writing by default, and one
that did so would lock every reader out. Keys are 0600. Root may do all of it anyway.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pipeline.layout import Warehouse

FOLDER, FILE, PUBLICATION, SECRET = 0o750, 0o640, 0o440, 0o600
_UMASK = 0o027
# What is generated. Anything else in the folder belongs to the operator and is left alone.
_GENERATED = ("build", "exports", "history", "lake", "logs", "published")


def keep_private() -> None:
    """Let this process and its children create nothing that others can read.

    A stricter umask stays.
    """
    os.umask(os.umask(_UMASK) | _UMASK)


def make_read_only(publication: Path) -> None:
    """Call it before the file gets its name, so that no client can open it for writing."""
    publication.chmod(PUBLICATION)


def mend(warehouse: Warehouse) -> list[Path]:
    """Take from files of earlier versions what is too much; gives what another account owns.

    Permissions are only taken away. Links are not followed.
    """
    left = []
    for path, allowed in _generated(warehouse):
        with suppress(FileNotFoundError):  # deleted since the folder was listed
            mode = stat.S_IMODE(path.lstat().st_mode)
            if mode & ~allowed:
                try:
                    path.chmod(mode & allowed)
                except PermissionError:
                    left.append(path)
    return left


def _generated(warehouse: Warehouse) -> Iterator[tuple[Path, int]]:
    """Every generated folder and file, and the most that its mode may be."""
    # The set-group-id bit of a folder, which keeps its group, stays.
    folder_mode = FOLDER | stat.S_ISGID
    if _is_only_ours(warehouse.root):
        yield warehouse.root, folder_mode
    lock = warehouse.root / ".lock"
    if lock.is_file():
        yield lock, FILE
    for name in _GENERATED:
        for folder, _, files in os.walk(warehouse.root / name):
            yield Path(folder), folder_mode
            for path in map(Path(folder).joinpath, files):
                # A key that others could read is refused when it is read: it has to be replaced.
                if not path.is_symlink() and path.suffix != ".key":
                    yield path, _mode_of(warehouse, path)


def _is_only_ours(root: Path) -> bool:
    """Whether a folder holds nothing but a warehouse: any other keeps its permissions."""
    return root.is_dir() and {each.name for each in root.iterdir()} <= {*_GENERATED, ".lock"}


def _mode_of(warehouse: Warehouse, path: Path) -> int:
    if path.parent == warehouse.published and path.suffix == ".duckdb" and path.name[0] != ".":
        return PUBLICATION
    return FILE
