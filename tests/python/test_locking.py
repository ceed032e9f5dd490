"""One writer at a time."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.locking import WarehouseLocked, warehouse_lock

HOLD = """
import sys, time
from pathlib import Path
from pipeline.locking import warehouse_lock
with warehouse_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def _hold(warehouse: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD, str(warehouse), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_run_is_told_who_holds_the_warehouse(tmp_path: Path) -> None:
    with _hold(tmp_path, 60) as process:
        begun = time.monotonic()
        held = pytest.raises(WarehouseLocked, match=f"process {process.pid} on ")
        with held, warehouse_lock(tmp_path):
            pass
        assert time.monotonic() - begun < 5
        process.kill()


def test_a_second_run_waits(tmp_path: Path) -> None:
    with _hold(tmp_path, 0.5), warehouse_lock(tmp_path, wait_seconds=30):
        pass


def test_the_lock_ends_with_its_holder_and_with_the_block(tmp_path: Path) -> None:
    with _hold(tmp_path, 60) as process:
        process.kill()
    for _ in range(2):
        with warehouse_lock(tmp_path):
            pass
    with pytest.raises(ValueError, match="of ours"), warehouse_lock(tmp_path):
        raise ValueError("an error of ours")
    with warehouse_lock(tmp_path):
        pass
