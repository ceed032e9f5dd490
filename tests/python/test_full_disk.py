"""A disk that fills up: one clear sentence, the last publication untouched, the next run heals."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import PROJECT, pipeline, publication

CASES = PROJECT / "tests" / "golden" / "cases"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own; only root can make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96m", "none", disk], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("only root can mount a small disk")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Take all of the disk but so many bytes."""
    ballast = disk / "ballast"
    free = shutil.disk_usage(disk).free
    with ballast.open("wb") as stream:
        for _ in range(max(0, free - leave) >> 16):
            stream.write(b"\0" * (1 << 16))
    return ballast


@pytest.mark.parametrize("leave", [0, 200 << 10, 2 << 20])
def test_a_full_disk(small_disk: Path, tmp_path: Path, leave: int) -> None:
    """At whichever step the space ends: the load log, the lake, the build."""
    warehouse = small_disk / "warehouse"
    landing = tmp_path / "landing"
    shutil.copytree(CASES / "integrity" / "landing", landing)
    pipeline("run", "--landing", landing, "--warehouse", warehouse)
    before = publication(warehouse)
    content = before.read_bytes()
    shutil.copytree(CASES / "switch_at_m14" / "landing", landing, dirs_exist_ok=True)
    ballast = fill(small_disk, leave)
    done = pipeline("run", "--landing", landing, "--warehouse", warehouse, expect=3)
    assert "Traceback" not in done.stderr
    assert "Error:" in done.stderr
    assert "space" in done.stderr or "disk" in done.stderr.lower()
    assert before.read_bytes() == content
    ballast.unlink()
    assert publication(warehouse) == before
    pipeline("run", "--landing", landing, "--warehouse", warehouse)
    assert publication(warehouse) != before
