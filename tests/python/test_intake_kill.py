"""A run killed at any moment leaves nothing half done: the next run ends where one run would."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.intake import create_state_views, load

HEAD = "mpan,direction,effective_from\n"
RUN = """
import sys
from pathlib import Path
from pipeline.intake import load
print("ready", flush=True)
load(Path(sys.argv[1]), Path(sys.argv[2]), threads=1)
print("done", flush=True)
"""


def _landing(folder: Path) -> Path:
    """Fulls and deltas with rows of every fate."""
    (folder / "migration").mkdir(parents=True)
    for day in range(1, 6):
        rows = [f"{10**12 + n},FORWARD,2026-01-01\n" for n in range(3000 * day)]
        rows += [rows[0], "1,FORWARD,2026-01-01\n", "1,2\n", rows[1].replace("\n", ",,\n")]
        text = (HEAD + "".join(rows)).encode()
        path = folder / "migration" / f"migration_full_2026010{day}.csv.gz"
        path.write_bytes(gzip.compress(text, 1))
        text = f"change_type,{HEAD}D,{rows[day]}D,{rows[day + 9]}".encode()
        (folder / "migration" / f"migration_delta_2026010{day}_01.csv").write_bytes(text)
    return folder


def _result(warehouse: Path) -> list[Any]:
    with duckdb.connect() as connection:
        create_state_views(connection, warehouse, date(2026, 2, 1))
        return [
            connection.execute(f"FROM raw.{name} ORDER BY ALL").fetchall()
            for name in ("load", "quarantined_row", "migration")
        ]


def _run(landing: Path, warehouse: Path, seconds: float) -> bool:
    """Load in a process of its own, killed after so long; whether it had ended before."""
    command = [sys.executable, "-c", RUN, str(landing), str(warehouse)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        process.kill()
        return process.stdout.read() == "done\n"


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random_moments(tmp_path: Path, seed: int) -> None:
    generator = random.Random(seed)
    landing = _landing(tmp_path / "landing")
    begun = time.monotonic()
    load(landing, tmp_path / "whole", threads=1)
    usual = time.monotonic() - begun
    expected = _result(tmp_path / "whole")
    for _ in range(4):
        _run(landing, tmp_path / "killed", generator.uniform(0, usual / 2))
        _result(tmp_path / "killed")  # whatever is there can be read
    load(landing, tmp_path / "killed", threads=1)
    assert _result(tmp_path / "killed") == expected
    places = [
        sorted(str(p.relative_to(tmp_path / name)) for p in (tmp_path / name).rglob("*.parquet"))
        for name in ("whole", "killed")
    ]
    assert places[0] == places[1]
    assert not (tmp_path / "killed" / "lake" / ".scratch").exists()
