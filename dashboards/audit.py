"""The audit trail: who looked at what, and when. One JSON line per event, none with an MPAN."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KEY_VARIABLE = "MHHS_AUDIT_KEY"
_KEY_NAME = "audit.key"


def record(log: Path, kind: str, user: str, **facts: Any) -> None:
    """Append one line: when, what kind of event, by whom, and its facts."""
    line = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "kind": kind,
        "user": user,
        **facts,
    }
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, default=str) + "\n")


def keyed_hash(history: Path, text: str) -> str:
    """What stands for an MPAN in a log: the same for the same text, no way back without the key.

    The key is `MHHS_AUDIT_KEY`, else a file in the history folder, made at first need: an MPAN has
    too few digits for a hash without a key to hide it.
    """
    return hmac.new(_key(history), text.encode(), hashlib.sha256).hexdigest()[:24]


def _key(history: Path) -> bytes:
    if given := os.environ.get(KEY_VARIABLE):
        return given.encode()
    path = history / _KEY_NAME
    if not path.exists():
        _make_key(path)
    return path.read_bytes()


def _make_key(path: Path) -> None:
    """Whole or not at all, and the first of two that come at once stands."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{_KEY_NAME}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_hex(32).encode())
    with suppress(FileExistsError):
        os.link(part, path)
    part.unlink()
