"""What stands for an MPAN in a log: a keyed hash. Thirteen digits are too few to hide in another.

Whoever has the key can ask whether a given MPAN was looked up; nobody can read MPANs off the log.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from pipeline.layout import Warehouse

KEY_VARIABLE = "MHHS_AUDIT_KEY"
_HEX_DIGITS = 24


def pseudonym(warehouse: Warehouse, mpan: str) -> str:
    """The same for the same MPAN, as long as the key is."""
    return hmac.new(_key(warehouse), mpan.encode(), hashlib.sha256).hexdigest()[:_HEX_DIGITS]


def _key(warehouse: Warehouse) -> bytes:
    """From the environment, else from a file, which is made when first needed."""
    if given := os.environ.get(KEY_VARIABLE):
        return given.encode()
    path = warehouse.root / "history" / "audit.key"
    if not path.exists():
        _make(path)
    return path.read_bytes()


def _make(path: Path) -> None:
    """Whole or not at all; of two that come at once the first stands."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_hex(32).encode())
    with suppress(FileExistsError):
        os.link(part, path)
    part.unlink()
