"""The same rules in other engines, in one run, each in a process of its own.

    python -m tests.bench.peers --warehouse DIR --rounds 3

The warehouse must be built. Every answer is compared with its marts. Seconds, of CPU and by the
clock, are from the CSV files to the keys; the process's own start is left out, as is PostgreSQL's
making of a cluster.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from datetime import date
from operator import itemgetter
from pathlib import Path
from typing import Any

from tests.bench.peers.job import expected, write_inputs
from tests.bench.peers.with_postgres import is_here

PEERS = ("duckdb", "polars", "pandas", "sqlite", "postgres")


def one(name: str, folder: Path, as_of: date) -> None:
    """Run a peer here and print its seconds and findings."""

    def cpu_seconds() -> float:
        return sum(os.times()[:4]) + (server.cpu_seconds() if server else 0)

    peer = importlib.import_module(f"tests.bench.peers.with_{name}")
    with peer.ready() if hasattr(peer, "ready") else nullcontext() as server:
        wall, cpu = time.perf_counter(), cpu_seconds()
        findings = peer.run(folder, as_of, *([server] if server else []))
        wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
        print(json.dumps({"wall": wall, "cpu": cpu, "findings": findings}))


def compare(warehouse: Path, rounds: int) -> dict[str, dict[str, Any]]:
    """Each peer's round of the median by the clock, and whether all its findings are the marts'."""
    peers = [name for name in PEERS if name != "postgres" or is_here()]
    costs: dict[str, list[dict[str, float]]] = {name: [] for name in peers}
    equal = dict.fromkeys(peers, True)
    problems: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name_of_folder:
        folder = Path(name_of_folder)
        folder.chmod(0o755)
        as_of = write_inputs(warehouse, folder)
        right = json.loads(json.dumps(expected(warehouse)))
        for _ in range(rounds):
            for name in peers:
                done = subprocess.run(
                    [
                        *(sys.executable, "-m", "tests.bench.peers"),
                        *("--one", name, "--folder", str(folder), "--as-of", str(as_of)),
                    ],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if done.returncode:
                    problems[name] = done.stderr.strip().splitlines()[-1]
                    continue
                said = json.loads(done.stdout)
                equal[name] &= said.pop("findings") == right
                costs[name].append(said)
    return {
        name: {"failed": problems[name]}
        if name in problems
        else sorted(costs[name], key=itemgetter("wall"))[len(costs[name]) // 2]
        | {"equal": equal[name]}
        for name in peers
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--warehouse", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", choices=PEERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--as-of", type=date.fromisoformat, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        one(options.one, options.folder, options.as_of)
    else:
        print(json.dumps(compare(options.warehouse, options.rounds), indent=1))


if __name__ == "__main__":
    main()
