"""A disk that fills up: one clear sentence, the last publication untouched, the next run heals."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.layout import Warehouse
from pipeline.publication import current
from tests.command import PROJECT, pipeline
from tests.short import short

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


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A landing folder with more files than its warehouse has taken."""
    root = tmp_path_factory.mktemp("full_disk")
    landing, warehouse = root / "landing", root / "warehouse"
    shutil.copytree(CASES / "integrity" / "landing", landing)
    short("run", "--landing", landing, "--warehouse", warehouse)
    shutil.copytree(CASES / "switch_at_m14" / "landing", landing, dirs_exist_ok=True)
    return landing, warehouse


@pytest.mark.parametrize("leave", [0, 200 << 10, 2 << 20])
def test_a_full_disk(made: tuple[Path, Path], small_disk: Path, leave: int) -> None:
    """At whichever step the space ends: the load log, the lake, the build."""
    landing, warehouse = made[0], small_disk / "warehouse"
    shutil.copytree(made[1], warehouse)
    before = current(Warehouse(warehouse)).path
    content = before.read_bytes()
    ballast = fill(small_disk, leave)
    done = pipeline("run", "--landing", landing, "--warehouse", warehouse, expect=3)
    assert "Traceback" not in done.stderr
    assert "Error:" in done.stderr
    assert "space" in done.stderr or "disk" in done.stderr.lower()
    assert before.read_bytes() == content
    ballast.unlink()
    assert current(Warehouse(warehouse)).path == before
    short("run", "--landing", landing, "--warehouse", warehouse)
    assert current(Warehouse(warehouse)).path != before
