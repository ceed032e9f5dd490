"""A worker ends when its server is gone, however that ended."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.command import PROJECT

_WORKER = """
import os, sys, time
from pathlib import Path
from pipeline.worker_process import begin
begin()
print(os.getpid(), flush=True)
try:
    time.sleep(60)
finally:
    Path(sys.argv[1]).touch()
"""
_SERVER = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", sys.argv[1], sys.argv[2]])
time.sleep(60)
"""


def test_a_worker_of_a_killed_server_cleans_up_and_ends(tmp_path: Path) -> None:
    cleaned = tmp_path / "cleaned"
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER, _WORKER, str(cleaned)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout
        worker = int(server.stdout.readline())
        killed_at = time.monotonic()
        server.send_signal(signal.SIGKILL)
        assert server.stdout.read() == ""  # the worker held the other end, and is gone
    assert time.monotonic() - killed_at < 30
    until = time.monotonic() + 10
    while Path(f"/proc/{worker}").exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert not Path(f"/proc/{worker}").exists()
    assert cleaned.exists()
