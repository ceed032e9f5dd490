"""What a measured command is told to have taken is its own."""

from __future__ import annotations

import subprocess
import sys

from tests.command import PROJECT
from tests.measured import measured


def test_the_memory_of_the_process_that_asks_is_not_counted() -> None:
    large = bytearray(b"x" * (400 << 20))
    done = measured([sys.executable, "-S", "-c", "pass"], PROJECT, subprocess.DEVNULL)
    assert len(large) > done.peak_bytes * 4


def test_memory_seconds_and_exit_code_of_the_command_are() -> None:
    work = "import sys; a = bytes(1) * (300 << 20); sum(range(20_000_000)); sys.exit(3)"
    done = measured([sys.executable, "-S", "-c", work], PROJECT, subprocess.DEVNULL)
    assert done.returncode == 3
    assert done.peak_bytes > 300 << 20
    assert done.cpu > 0.1
