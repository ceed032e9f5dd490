"""A real server of the dashboards, and what a page shows when it is whole."""

from __future__ import annotations

import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dashboards.serve import command

LAST_LINE = re.compile("^(Local use: no sign-in provider|Signed in as .*, roles|Not signed in)")


def settle(page: Any) -> None:
    """Wait until the last line of a page stands, and every part before it is drawn."""
    page.get_by_text(LAST_LINE).last.wait_for(timeout=30_000)
    page.locator('[data-testid="stStatusWidget"]').wait_for(state="detached", timeout=30_000)
    # A widget's code is fetched when it is first shown: till then a skeleton stands in its place.
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')", timeout=30_000)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serve(
    warehouse: Path,
    port: int,
    log: Path,
    variables: Mapping[str, str],
    access_file: Path | None = None,
    descriptors: int | None = None,
) -> Iterator[int]:
    """The dashboards on a port of this machine, as the command line starts them: their process.

    `descriptors` is how many files the process may open.
    """
    arguments, environment = command(warehouse, port, headless=True, access_file=access_file)
    if descriptors:
        arguments = ["sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh", *arguments]
    with log.open("w") as output:
        process = subprocess.Popen(
            arguments, env=environment | variables, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", process, log)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(480):
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.25)
        else:
            return
    pytest.fail(f"the server did not start: {log.read_text()}")
