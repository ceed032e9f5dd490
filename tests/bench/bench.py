"""Measures the whole line on simulated markets and writes docs/benchmarks.md.

    make bench SIZES="2 8"           millions of Metering Points; needs 1.2 GB of disk for each
    make bench AGAINST=25038a3       the runs of an older commit in turns with ours
    python -m tests.bench.bench --folder bench --millions 0.002 --page page.md

Each step runs in a process of its own, so that its CPU seconds and its peak memory are its own.
Floor, full run and a day more take turns, those of an older commit among them. What was measured at
one size is kept in results.json of the folder until that size is measured again: the page always
shows every size.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.publication import code_version
from tests.bench.page import write_page
from tests.bench.peers.__main__ import compare
from tests.measured import measured

PROJECT = Path(__file__).resolve().parents[2]
FIRST_DAY, LAST_DAY = "2026-10-01", "2026-11-10"
EXPORTS = ("csv", "parquet")
PACKAGES = ("duckdb", "dbt-core", "dbt-duckdb", "polars", "pandas", "pyarrow")
PEERS_UP_TO = 2_000_000  # the goal speaks of it, and some take half a minute for each million
SPOILT_UP_TO = 2_000_000
SPOILT_ROW = 1_000
Cost = dict[str, Any]


def step(*arguments: str | Path, spills_to: Path | None = None, project: Path = PROJECT) -> Cost:
    """Run a step; what it says of itself, and what the kernel says of its process."""
    started = time.perf_counter()
    spill = Spill(spills_to) if spills_to else None
    with tempfile.TemporaryFile("w+") as told:
        command = [sys.executable, "-m", "tests.bench.step", *map(str, arguments)]
        done = measured(command, project, told)
        told.seek(0)
        said = told.read()
    if done.returncode:
        raise SystemExit(f"The step {' '.join(map(str, arguments))} failed.")
    return {
        **json.loads(said.splitlines()[-1]),
        "process_cpu": done.cpu,
        "process_wall": time.perf_counter() - started,
        "peak_bytes": done.peak_bytes,
        "spill_bytes": spill.stop() if spill else 0,
    }


class Spill:
    """The most that lay in DuckDB's folders for what does not fit into memory."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._most, self._ended = folder, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        self._ended.set()
        self._thread.join()
        return self._most

    def _watch(self) -> None:
        while not self._ended.wait(0.2):
            self._most = max(self._most, self._now())

    def _now(self) -> int:
        total = 0
        for folder, _, names in os.walk(self._folder):  # unlike glob it bears folders that go away
            if folder.endswith(".tmp"):
                for name in names:
                    with suppress(FileNotFoundError):
                        total += (Path(folder) / name).stat().st_size
        return total


def measure(
    millions: float,
    folder: Path,
    rounds: int,
    *,
    tight: str | None,
    daily: bool,
    peers: bool,
    against: str | None,
) -> Cost:
    """One size: floor, full run and a day more in turn, of the older commit and ours; of the last
    full run also the same SQL by hand, readers, exports and other engines; at the end a full run
    within less memory, and the load of spoilt files."""
    points = round(millions * 1_000_000)
    landing, last, root = folder / "landing", folder / "last-day", folder / "warehouse"
    for each in (landing, last, root):
        shutil.rmtree(each, ignore_errors=True)
    _simulate(points, landing)
    last_day = f"*/*_{LAST_DAY.replace('-', '')}*"
    _move(last_day, landing, last)
    found: Cost = {
        "points": points,
        "rounds": rounds,
        "csv_bytes": sum(path.stat().st_size for path in landing.glob("*/*.csv")),
    }
    projects = {"": PROJECT}
    if against:
        projects = {"older_": _checked_out(against, folder / "older"), "": PROJECT}
    costs: dict[str, list[Cost]] = {}
    for turn in range(rounds):
        say(f"{points:,} points, round {turn + 1} of {rounds}")
        costs.setdefault("floor", []).append(step("floor", landing))
        for whose, project in projects.items():
            shutil.rmtree(root, ignore_errors=True)
            run = step("full", landing, root, spills_to=root, project=project)
            costs.setdefault(f"{whose}full", []).append(run)
            if turn == rounds - 1 and not whose:
                found |= _of_a_full_run(root)
                if peers and points <= PEERS_UP_TO:
                    say(f"{points:,} points: other engines")
                    found["peers"] = compare(root, rounds)
            if daily:
                _move(last_day, last, landing)
                day = step("full", landing, root, spills_to=root, project=project)
                costs.setdefault(f"{whose}daily", []).append(day)
                _move(last_day, landing, last)
    found |= {name: _median(each) for name, each in costs.items()}
    loads = [run["steps"]["load"]["cpu"] for run in costs["full"]]
    found["load_in_floor"] = _middle_ratio(loads, [each["cpu"] for each in costs["floor"]])
    if against:
        found["older"] = Path(against).name
        for name in ("full", "daily") if daily else ("full",):
            ours, theirs = (
                [run["process_cpu"] for run in costs[f"{whose}{name}"]] for whose in ("", "older_")
            )
            found[f"{name}_of_older"] = _middle_ratio(ours, theirs)
    if tight:
        say(f"{points:,} points within {tight}")
        shutil.rmtree(root)
        found["tight"] = {"limit": tight} | step("full", landing, root, tight, spills_to=root)
        found["tight"]["same"] = found["tight"]["checksums"] == found["full"]["checksums"]
    if points <= SPOILT_UP_TO:
        say(f"{points:,} points: spoilt files")
        spoilt = folder / "spoilt"
        shutil.rmtree(root, ignore_errors=True)
        _spoil(landing, spoilt)
        found["spoilt"] = {
            "floor": step("floor", spoilt)["cpu"],
            **step("full", spoilt, root)["steps"]["load"],
        }
        shutil.rmtree(spoilt)
    return found


def _checked_out(commit: str, folder: Path) -> Path:
    """The project as it was, to be run with the packages of now; a folder may hold it already."""
    if Path(commit).is_dir():
        return Path(commit)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    archive = subprocess.run(
        ["git", "archive", commit], cwd=PROJECT, check=True, capture_output=True
    ).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    return folder


def _spoil(landing: Path, target: Path) -> None:
    """Copies of the CSV files in which some value of every thousandth line is none of its type."""
    for path in landing.glob("*/*.csv"):
        copy = target / path.parent.name / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        with path.open(encoding="utf-8") as lines, copy.open("w", encoding="utf-8") as written:
            for number, line in enumerate(lines):
                written.write(line.replace(",20", ",2x", 1) if number % SPOILT_ROW == 1 else line)


def _of_a_full_run(root: Path) -> Cost:
    return {
        "by_hand": step("by_hand", root),
        "write": step("write", root),
        "readers": step("readers", root),
        "exports": {name: step("export", root, name) for name in EXPORTS},
    }


def _simulate(points: int, landing: Path) -> None:
    say(f"{points:,} points: simulating")
    subprocess.run(
        [
            *(sys.executable, "-m", "pipeline", "simulate", "--points", str(points)),
            *("--seed", "14", "--from", FIRST_DAY, "--to", LAST_DAY, "--landing", str(landing)),
        ],
        cwd=PROJECT,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _move(files: str, source: Path, target: Path) -> None:
    """The files of the last day make the daily run, and are kept out of the full one."""
    for path in source.glob(files):
        moved = target / path.parent.name / path.name
        moved.parent.mkdir(parents=True, exist_ok=True)
        path.rename(moved)


def _middle_ratio(ours: Sequence[float], others: Sequence[float]) -> float:
    """The median of the ratios of each round."""
    return statistics.median(a / b for a, b in zip(ours, others, strict=True))


def _median(costs: Sequence[Cost]) -> Cost:
    """The run of the median CPU seconds, whole."""
    middle = statistics.median_low(cost["process_cpu"] for cost in costs)
    return next(cost for cost in costs if cost["process_cpu"] == middle)


def machine() -> dict[str, Any]:
    info = Path("/proc/cpuinfo")
    models = [
        line.split(":", 1)[1].strip()
        for line in (info.read_text("utf-8").splitlines() if info.exists() else [])
        if line.startswith("model name")
    ]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "measured_on": f"{datetime.now(UTC):%Y-%m-%d}",
        "code_version": code_version(),
        "load": os.getloadavg()[2],
    }


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=PROJECT / "bench")
    parser.add_argument("--millions", type=float, nargs="*", default=[2.0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tight", help="also run within this memory_limit, for example 3GB")
    parser.add_argument("--no-daily", action="store_true", help="leave out the day more")
    parser.add_argument("--against", help="a commit, or a folder with one, to run in turns")
    parser.add_argument("--peers", action="store_true", help="also time the rules in other engines")
    parser.add_argument("--page", type=Path, default=PROJECT / "docs" / "benchmarks.md")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    kept = options.folder / "results.json"
    results = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    for millions in options.millions:
        found = measure(
            millions,
            options.folder,
            options.rounds,
            tight=options.tight,
            daily=not options.no_daily,
            peers=options.peers,
            against=options.against,
        )
        results[str(found["points"])] = found | {"machine": machine()}
        kept.write_text(json.dumps(results, indent=1), encoding="utf-8")
    write_page([results[size] for size in sorted(results, key=int)], options.page)
    say(f"Written: {options.page}")


if __name__ == "__main__":
    main()
