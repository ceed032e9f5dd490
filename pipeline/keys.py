"""Secret keys of a warehouse: files of hexadecimal digits that only their owner can read."""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.layout import Warehouse

PSEUDONYM_DIGITS = 32
REPLACED = (
    "The key of the pseudonyms (h_...) that analysts see instead of MPANs is new. Saved queries "
    "and files that contain an h_... no longer match."
)


class KeyRefused(PipelineError):
    """A key file is damaged, or is no secret any more."""


def read_key(path: Path, digits: int) -> str:
    """The key in a file, which is made when it is first needed. Raises KeyRefused."""
    if not path.exists():
        with _new_key(path, digits) as part, suppress(FileExistsError):
            os.link(part, path)  # the first of several makers wins
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise KeyRefused(
            f"{path} is a secret, and other accounts can read it (mode {mode:04o}). "
            f"If nobody has read it, run chmod 600 on it; else replace it{_how(path)}."
        )
    key = path.read_bytes().strip().decode("ascii", "replace")
    if not re.fullmatch(rf"[0-9a-f]{{{digits}}}", key):
        raise KeyRefused(
            f"{path} does not hold {digits} hexadecimal digits. "
            f"Restore it from a backup, or replace it{_how(path)}."
        )
    return key


def pseudonym_key(warehouse: Warehouse) -> str:
    """The key of the pseudonyms that analysts see. Raises KeyRefused."""
    return read_key(warehouse.mask_key, PSEUDONYM_DIGITS)


def rotate(warehouse: Warehouse) -> None:
    """Replace the key of the pseudonyms; a question that runs keeps the old one to its end."""
    with _new_key(warehouse.mask_key, PSEUDONYM_DIGITS) as part:
        part.replace(warehouse.mask_key)
    warehouse.exposed_key.unlink(missing_ok=True)


def retire_exposed_key(warehouse: Warehouse) -> bool:
    """Replace a key of an earlier version, which SQL could read. False if there is none."""
    if not warehouse.exposed_key.exists():
        return False
    if not warehouse.mask_key.exists():
        rotate(warehouse)
    warehouse.exposed_key.unlink(missing_ok=True)
    return True


def _how(path: Path) -> str:
    if path.name != "pseudonym.key":
        return ": delete it, and hashes in the audit log from before no longer match"
    return f" with: python -m pipeline rotate-key --warehouse {path.parent.parent}"


@contextmanager
def _new_key(path: Path, digits: int) -> Iterator[Path]:
    """A file with a new key, complete and readable by its owner only; gone if it is not moved."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(digits // 2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        yield part
    finally:
        part.unlink(missing_ok=True)
