"""A real server of the dashboards, and what a page shows when it is whole."""

from __future__ import annotations

import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import TimeoutError

from dashboards.serve import command

LAST_LINE = re.compile("^(Local use: no sign-in provider|Signed in as .*, roles|Not signed in)")


def settle(page: Any) -> None:
    """Wait until a page is drawn to its last line, and no run of its script is left."""
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(
        timeout=30_000
    )
    page.get_by_text(LAST_LINE).last.wait_for(timeout=30_000)
    # A widget's code is fetched when it is first shown: till then a skeleton stands in its place.
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')", timeout=30_000)


def click_row(table: Any, row: int, then: Callable[[int], object]) -> None:
    """Select a row of a table by its box, as a mouse does, and wait for what follows.

    `then` waits for so many milliseconds. A grid that is just drawn anew loses a click: people
    click again.
    """
    table.scroll_into_view_if_needed()
    table.locator("canvas").first.wait_for()
    for patience, is_last in ((15_000, False), (30_000, True)):
        table.page.wait_for_timeout(700)  # the grid draws its rows after its frame
        table.click(position={"x": 18, "y": 53 + 35 * row})
        try:
            then(patience)
        except TimeoutError:
            if is_last:
                raise
        else:
            return


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
