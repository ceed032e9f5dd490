"""The audit log: who took what, when, how many rows of which publication.

One JSON object per line in `logs/audit.jsonl` of the warehouse. It holds no MPAN.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline import json_files


def record(log: Path, kind: str, user: str, **facts: Any) -> None:
    """Append one line: when, what kind of event, by whom, and its facts.

    Raises OSError when the line cannot be written: what must leave a line must not happen then.
    """
    at = datetime.now(UTC).isoformat(timespec="seconds")
    line = json.dumps({"at": at, "kind": kind, "user": user, **facts}, default=str)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab+") as file:
        # Several sessions and processes append; closing the file ends the lock.
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(f"{_mend(file.fileno())}{line}\n".encode())


def _mend(descriptor: int) -> str:
    """A line that a crash cut short must not swallow the next one."""
    size = os.fstat(descriptor).st_size
    whole = size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"
    return "" if whole else "\n"


def lines(log: Path) -> Iterator[dict[str, Any]]:
    """Every line, oldest first; what is no line of ours is passed over."""
    if not log.exists():
        return
    with log.open("rb") as file:
        for text in file:
            try:
                yield json_files.parse(text, json_files.AuditLine)
            except ValueError:
                continue
