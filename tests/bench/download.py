"""A long download in a real Chromium: what it costs the server, beside which others read.

    python -m tests.bench.download --rows 5000000

The list is made long by repeating the exceptions of the invented market, each under its own id.
Memory is that of the server's process alone, sampled while the worker writes the file and while it
is sent; the worker is another process, and gives its memory back when it ends.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import duckdb
from playwright.sync_api import Page

from tests.fixture_publication import AFTER, make_warehouse, publication_id
from tests.needs import chromium, open_chromium
from tests.served import free_port, serve

MEGABYTE = 1024 * 1024
_PATIENCE_MS = 30 * 60 * 1000


class Memory(threading.Thread):
    """Samples the resident memory of a process until it is told to stop."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self._status = Path(f"/proc/{process}/status")
        self._is_over = threading.Event()
        self.before = self.peak = self._now()

    def run(self) -> None:
        while not self._is_over.wait(0.1):
            self.peak = max(self.peak, self._now())

    def stop(self) -> None:
        self._is_over.set()
        self.join()

    def _now(self) -> float:
        line = next(
            line for line in self._status.read_text().splitlines() if line.startswith("VmRSS")
        )
        return int(line.split()[1]) / 1024


def make_long(warehouse: Path, rows: int) -> int:
    """Repeat the exceptions of the current publication up to so many rows; the number reached."""
    path = warehouse / "published" / f"{publication_id(AFTER)}.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("use marts")
        ((present,),) = connection.execute("select count(*) from fct_exception").fetchall()
        connection.execute(
            f"""
            insert into fct_exception
            select original.* replace (
                md5(original.exception_id || again.number) as exception_id,
                (original.mpan + again.number * 7919) % 1e13::bigint as mpan
            )
            from fct_exception as original, range(1, {-(-rows // present)}) as again (number)
            limit {rows - present}
            """
        )
        ((reached,),) = connection.execute("select count(*) from fct_exception").fetchall()
    return int(reached)


def measure(rows: int) -> dict[str, Any]:
    """Seconds and megabytes of one list from the press of the button to the last byte."""
    chromium()  # before a warehouse is made for nothing
    with tempfile.TemporaryDirectory() as folder:
        warehouse = make_warehouse(Path(folder) / "warehouse")
        reached = make_long(warehouse, rows)
        port = free_port()
        with serve(warehouse, port, Path(folder) / "server.log", {}) as process:
            return {"rows": reached, **_download(f"http://127.0.0.1:{port}", process, reached)}


def _download(address: str, process: int, rows: int) -> dict[str, Any]:
    with open_chromium() as browser:
        page = browser.new_context(accept_downloads=True).new_page()
        _warm(page, address, rows)
        memory = Memory(process)
        memory.start()
        started = time.perf_counter()
        page.get_by_role("button", name=f"Prepare CSV of {rows:,} rows").click()
        link = page.get_by_role("link", name=f"Download CSV: {rows:,} rows")
        link.wait_for(timeout=_PATIENCE_MS)
        written = time.perf_counter()
        with page.expect_download(timeout=_PATIENCE_MS) as download:
            link.click()
        size = Path(download.value.path()).stat().st_size
        sent = time.perf_counter()
        memory.stop()
    return {
        "seconds_to_write": round(written - started, 1),
        "seconds_to_send": round(sent - written, 1),
        "file_megabytes": round(size / MEGABYTE),
        "server_megabytes_before": round(memory.before),
        "server_megabytes_at_peak": round(memory.peak),
        "server_megabytes_more": round(memory.peak - memory.before),
    }


def _warm(page: Page, address: str, rows: int) -> None:
    """What the page itself costs is not what the download costs."""
    for _ in range(3):
        page.goto(f"{address}/exceptions")
        page.get_by_role("button", name=f"Prepare CSV of {rows:,} rows").wait_for(timeout=120_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    print(json.dumps(measure(parser.parse_args().rows), indent=1))


if __name__ == "__main__":
    main()
