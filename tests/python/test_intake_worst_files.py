"""The worst files: huge, hollow, of noise. A refusal or a count, in bounded memory, no traceback.

Each is loaded by a process of its own, whose greatest memory is measured. MHHS_WORST_GB sets the
unpacked size of the bombs (a quarter in the ordinary run).
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tests.command import PROJECT
from tests.measured import measured

GIGABYTES = float(os.environ.get("MHHS_WORST_GB", "0.25"))
MEMORY = 1_500 << 20
HEAD = b"mpan,direction,effective_from\n"
ROW = b"1900012374324,FORWARD,2026-01-01\n"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Done:
    """How a load ended: the only file's report, and the greatest memory of the process in bytes."""

    report: dict[str, Any]
    memory: int


def take(tmp_path: Path, name: str, write: Callable[[Path], object]) -> Done:
    folder = tmp_path / "landing" / name.partition("_")[0]
    folder.mkdir(parents=True)
    write(folder / name)
    command = [sys.executable, "-m", "pipeline", "load", "--json", "--memory-limit", "1GB"]
    command += ["--landing", str(tmp_path / "landing"), "--warehouse", str(tmp_path / "warehouse")]
    with (tmp_path / "out").open("w+") as out, (tmp_path / "err").open("w+") as err:
        done = measured(command, PROJECT, out, err)
        out.seek(0)
        err.seek(0)
        told = err.read()
        assert "Traceback" not in told
        assert done.returncode == 0, told
        (report,) = json.loads(out.read())
    return Done(report, done.peak_bytes)


def repeat(part: bytes, gigabytes: float = GIGABYTES) -> Iterator[bytes]:
    block = part * (_CHUNK // len(part))
    for _ in range(int(gigabytes * (1 << 30)) // len(block)):
        yield block


def packed(ext: str, first: bytes, part: bytes, last: bytes = b"") -> Callable[[Path], None]:
    """Write a file that unpacks to `first`, gigabytes of `part`, and `last`."""

    def write(path: Path) -> None:
        with path.open("wb") as raw:
            sink: Any
            if ext == "gz":
                sink = gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1)
            else:
                sink = zstandard.ZstdCompressor().stream_writer(raw, closefd=False)
            with sink:
                sink.write(first)
                for block in repeat(part):
                    sink.write(block)
                sink.write(last)

    return write


def noise(path: Path) -> None:
    path.write_bytes(random.Random(3).randbytes(50 << 20))


@pytest.mark.parametrize(
    "name",
    [
        *(f"migration_full_20260101.{ext}" for ext in ("csv", "csv.gz", "csv.zst", "parquet")),
        "dip_events_delta_20260101.jsonl",
        "dip_events_delta_20260101.json",
        "isd_m16_full_20260101.json",
        "isd_m16_full_20260101.csv",
    ],
)
def test_noise(tmp_path: Path, name: str) -> None:
    done = take(tmp_path, name, noise)
    assert done.report["error"] in ("UNREADABLE", "BAD_ENCODING")
    assert done.memory < MEMORY


@pytest.mark.parametrize("ext", ["gz", "zst"])
@pytest.mark.parametrize("part", [b"\0", b"a", b",", b'"', b'a"'])
def test_a_bomb_without_a_newline(tmp_path: Path, ext: str, part: bytes) -> None:
    name = f"migration_full_20260101.csv.{ext}"
    done = take(tmp_path, name, packed(ext, HEAD, part))
    assert done.report["error"] == "UNREADABLE"
    assert done.memory < MEMORY


@pytest.mark.parametrize("ext", ["gz", "zst"])
def test_a_bomb_of_empty_lines_is_a_file_of_none(tmp_path: Path, ext: str) -> None:
    name = f"migration_full_20260101.csv.{ext}"
    done = take(tmp_path, name, packed(ext, HEAD + ROW, b"\n"))
    assert (done.report["outcome"], done.report["lines"]) == ("accepted", 1)
    assert done.memory < MEMORY


@pytest.mark.parametrize(
    "name", ["dip_events_delta_20260101.jsonl.gz", "isd_m16_full_20260101.json.gz"]
)
def test_a_bomb_of_messages(tmp_path: Path, name: str) -> None:
    done = take(tmp_path, name, packed("gz", b"[", b"["))
    assert done.report["error"] == "UNREADABLE"
    assert done.memory < MEMORY


@pytest.mark.parametrize("first", [b"", b'"', HEAD, HEAD + b'"'])
def test_a_line_of_gigabytes(tmp_path: Path, first: bytes) -> None:
    def write(path: Path) -> None:
        with path.open("wb") as stream:
            stream.write(first)
            for block in repeat(b"x"):
                stream.write(block)

    done = take(tmp_path, "migration_full_20260101.csv", write)
    assert done.report["error"] in ("UNREADABLE", "MISSING_COLUMN")
    assert done.memory < MEMORY


def test_a_line_of_gigabytes_of_nothing(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        with path.open("wb") as stream:
            stream.truncate(2 << 30)

    done = take(tmp_path, "migration_full_20260101.csv", write)
    assert done.report["error"] == "UNREADABLE"
    assert done.memory < MEMORY


def test_nul_bytes_are_kept_and_quarantined(tmp_path: Path) -> None:
    rows = ROW + b"19000123\x0074324,FORWARD,2026-01-01\n" + b"\0" * 40 + b"\n"
    done = take(tmp_path, "migration_full_20260101.csv", lambda path: path.write_bytes(HEAD + rows))
    assert (done.report["accepted"], done.report["quarantined"]) == (1, 2)


@pytest.mark.parametrize("rows", [0, 200])
def test_ten_thousand_columns(tmp_path: Path, rows: int) -> None:
    names = [b"mpan,direction,effective_from", *(b"c%d" % n for n in range(10_000))]
    row = ROW.rstrip() + b"," * 10_000 + b"\n"
    content = b",".join(names) + b"\n" + row.replace(b"24,", b"24,") * rows
    done = take(tmp_path, "migration_full_20260101.csv", lambda path: path.write_bytes(content))
    assert done.report["outcome"] == "accepted"
    assert done.report["lines"] == rows
    assert done.memory < MEMORY


def _parquet(columns: dict[str, Any]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def test_ten_thousand_columns_of_parquet(tmp_path: Path) -> None:
    wide = {"mpan": ["1900012374324"], "direction": ["FORWARD"], "effective_from": ["2026-01-01"]}
    wide |= {f"c{n}": [n] for n in range(10_000)}
    done = take(
        tmp_path, "migration_full_20260101.parquet", lambda path: path.write_bytes(_parquet(wide))
    )
    assert (done.report["outcome"], done.report["accepted"]) == ("accepted", 1)
    assert done.memory < MEMORY


@pytest.mark.parametrize(
    "values",
    [
        pa.array([[1, 2]]),
        pa.array([{"a": 1}]),
        pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int32())),
        pa.array([b"\xff\xfe"], pa.binary()),
        pa.array([None], pa.null()),
        pa.array([1], pa.duration("s")),
        pa.array([1], pa.time64("us")),
        pa.array(["1900012374324"]).dictionary_encode(),
        pa.array([1900012374324.5]),
        pa.array([10**37], pa.decimal128(38, 0)),
        pa.array([True]),
    ],
)
def test_parquet_of_other_types(tmp_path: Path, values: pa.Array) -> None:
    columns = {"mpan": values, "direction": ["FORWARD"], "effective_from": ["2026-01-01"]}
    done = take(
        tmp_path,
        "migration_full_20260101.parquet",
        lambda path: path.write_bytes(_parquet(columns)),
    )
    report = done.report
    assert report["outcome"] == "accepted" or report["error"] in ("UNREADABLE", "BAD_ENCODING")
    assert report["lines"] == report["accepted"] + report["quarantined"] + report["repeated"]


def test_damaged_parquet_never_raises(tmp_path: Path) -> None:
    whole = bytearray(
        _parquet({
            "mpan": ["1900012374324"] * 2_000,
            "direction": ["FORWARD"] * 2_000,
            "effective_from": [f"2026-01-{1 + n % 28:02}" for n in range(2_000)],
        })
    )  # fmt: skip
    rng = random.Random(5)
    folder = tmp_path / "landing" / "migration"
    folder.mkdir(parents=True)
    for day in range(1, 29):
        spoilt = bytearray(whole)
        for _ in range(rng.randrange(1, 6)):
            spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
        (folder / f"migration_full_202601{day:02}.parquet").write_bytes(spoilt)
    command = [sys.executable, "-m", "pipeline", "load", "--json", "--allow-shrunk"]
    command += ["--landing", str(tmp_path / "landing"), "--warehouse", str(tmp_path / "warehouse")]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr
    for report in json.loads(done.stdout):
        assert report["outcome"] == "accepted" or report["error"] is not None
        assert report["lines"] == report["accepted"] + report["quarantined"] + report["repeated"]
