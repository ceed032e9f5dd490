"""A command and what the kernel says of its process: CPU seconds, and the greatest memory.

A process starts with the greatest memory of the one that started it, also where that one has long
given it back. A run of many tests is large, so the command is started by a small process: this
file, run as a program.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class Measured:
    """How a command ended; `cpu` in seconds, user and system; `peak_bytes`, resident memory."""

    returncode: int
    cpu: float
    peak_bytes: int


def measured(
    command: Sequence[str], cwd: Path, stdout: IO[str] | int, stderr: IO[str] | None = None
) -> Measured:
    with tempfile.NamedTemporaryFile() as told:
        subprocess.run(
            [sys.executable, "-S", __file__, told.name, *command],
            cwd=cwd,
            stdout=stdout,
            stderr=stderr,
            check=True,
        )
        return Measured(**json.load(told))


def _measure(told: str, command: list[str]) -> None:
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    Path(told).write_text(
        json.dumps(
            {
                "returncode": process.returncode,
                "cpu": usage.ru_utime + usage.ru_stime,
                "peak_bytes": usage.ru_maxrss << 10,
            }
        )
    )


if __name__ == "__main__":
    _measure(sys.argv[1], sys.argv[2:])
