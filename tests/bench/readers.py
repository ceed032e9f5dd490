"""Readers of the dashboards, many at once: how long pages take from a click to the last element.

    python -m tests.bench.readers --warehouse DIR --readers 20 --seconds 120

Each reader speaks to a real server as the browser does, over a WebSocket, and clicks from page to
page with a pause after each. Cold: every page once, by the first reader of a fresh server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dashboards.registry import PAGES
from pipeline.layout import Warehouse
from pipeline.publication import current
from pipeline.sql_text import exact_path
from tests.served import free_port, serve

PAUSE_SECONDS = 5.0
_PATIENCE_SECONDS = 60.0
_LONGEST_MESSAGE = 256 * 1024 * 1024
# They show no figures of the market: one needs a query to be run, one makes a file.
ASIDE = {"sql", "report", "downloads", "help"}


@dataclass
class Visits:
    """Seconds of every visit by page, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)

    def said(self) -> dict[str, Any]:
        """Count, median and 95th percentile in seconds, of each page and of all."""
        every = [each for page in self.seconds.values() for each in page]
        return {
            "all": _percentiles(every),
            "pages": {name: _percentiles(each) for name, each in sorted(self.seconds.items())},
            "errors": self.errors,
        }


def _percentiles(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)

    def at(share: float) -> float:
        return round(ordered[min(int(share * len(ordered)), len(ordered) - 1)], 3)

    return {"visits": len(ordered), "p50": at(0.5), "p95": at(0.95), "worst": round(ordered[-1], 3)}


def choices(warehouse: Path) -> dict[str, list[str]]:
    """Queries of the address of each page, as the links of the pages make them."""
    with duckdb.connect() as connection:
        # Attached: what has the file open already may use other settings.
        path = current(Warehouse(warehouse)).path
        connection.execute(f"attach {exact_path(path)} as publication (read_only)")
        connection.execute("use publication.marts")

        def column(sql: str) -> list[str]:
            return [str(value) for (value,) in connection.execute(sql).fetchall()]

        suppliers = column(
            "select mpid from rpt_supplier_readiness"
            " order by live_metering_points desc, mpid limit 40"
        )
        rules = column("select distinct rule_id from rpt_exception_summary order by all")
        agents = column(
            "select mpid || '%7C' || market_role from rpt_agent_readiness order by all limit 20"
        )
        networks = column("select mpid from rpt_dno_readiness order by all")
        mpans = column("select mpan from fct_exception where mpan is not null limit 2000")
    return {
        "suppliers": ["", "status=MISSED"],
        "supplier": [f"mpid={mpid}" for mpid in suppliers],
        "agents": [f"agent={agent}" for agent in agents] or [""],
        "networks": [f"dno={mpid}" for mpid in networks] or [""],
        "exceptions": ["", *(f"rule_id={rule}" for rule in rules)],
        "point": [f"mpan={int(mpan):013d}" for mpan in mpans] or [""],
    }


class Reader:
    """One browser tab."""

    def __init__(self, address: str, visits: Visits) -> None:
        self.address = address
        self.visits = visits

    async def __aenter__(self) -> Reader:
        self._socket = await websockets.connect(
            f"{self.address.replace('http', 'ws', 1)}/_stcore/stream",
            origin=websockets.Origin(self.address),
            subprotocols=[websockets.Subprotocol("streamlit")],
            max_size=_LONGEST_MESSAGE,
            ping_timeout=None,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()

    async def visit(self, page: str, query: str) -> None:
        """Ask for a page and wait until its script has ended."""
        asked = BackMsg()
        asked.rerun_script.page_name = "" if page == PAGES[0].name else page
        asked.rerun_script.query_string = query
        started = time.perf_counter()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._read(asked, f"{page}?{query}")
        except TimeoutError:
            self.visits.errors.append(f"{page}?{query}: no end after {_PATIENCE_SECONDS:.0f} s")
        self.visits.seconds[page].append(time.perf_counter() - started)

    async def _read(self, asked: BackMsg, address: str) -> None:
        await self._socket.send(asked.SerializeToString())
        async for data in self._socket:
            told = ForwardMsg.FromString(data)  # type: ignore[arg-type]
            kind = told.WhichOneof("type")
            if kind == "page_not_found":
                self.visits.errors.append(f"{address}: not found")
            if told.delta.new_element.WhichOneof("type") == "exception":
                words = told.delta.new_element.exception.message
                self.visits.errors.append(f"{address}: {words}")
            if kind == "script_finished":
                break


async def cold(address: str, queries: dict[str, list[str]]) -> Visits:
    """Every page once, each the first visit of the server's life to it."""
    visits = Visits()
    for entry in PAGES:
        if entry.name not in ASIDE:
            async with Reader(address, visits) as reader:
                await reader.visit(entry.name, queries.get(entry.name, [""])[-1])
    return visits


async def crowd(
    address: str, queries: dict[str, list[str]], readers: int, seconds: float
) -> Visits:
    """Readers who click through the pages, each with a pause after every page."""
    visits = Visits()
    until = time.monotonic() + seconds
    pages = [entry.name for entry in PAGES if entry.name not in ASIDE]

    async def read(number: int) -> None:
        chance = random.Random(number)
        await asyncio.sleep(chance.uniform(0, PAUSE_SECONDS))
        async with Reader(address, visits) as reader:
            while time.monotonic() < until:
                page = chance.choice(pages)
                await reader.visit(page, chance.choice(queries.get(page, [""])))
                await asyncio.sleep(chance.uniform(0.5, 1.5) * PAUSE_SECONDS)

    await asyncio.gather(*(read(number) for number in range(readers)))
    return visits


def measure(warehouse: Path, readers: int, seconds: float) -> dict[str, Any]:
    """Cold and warm figures of a fresh server on a warehouse."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    queries = choices(warehouse)
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(warehouse, port, Path(folder) / "server.log", {}),
    ):
        first = asyncio.run(cold(address, queries))
        asyncio.run(crowd(address, queries, readers, min(seconds, 30.0)))  # warms every choice
        warm = asyncio.run(crowd(address, queries, readers, seconds))
    return {"readers": readers, "cold": first.said(), "warm": warm.said()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--warehouse", type=Path, required=True)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=120.0)
    options = parser.parse_args()
    print(json.dumps(measure(options.warehouse, options.readers, options.seconds), indent=1))


if __name__ == "__main__":
    main()
