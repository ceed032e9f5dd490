"""A small file that unpacks to a huge one is refused, by a limit that can be raised."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import duckdb
import pytest
import zstandard

from pipeline.intake import load, stored
from pipeline.intake.stored import Unpacked, UnpacksToTooMuch
from tests.short import short

LINE = b"1000000000000,FORWARD,2026-01-01\n"
HEAD = b"mpan,direction,effective_from\n"
SAID = (
    "it unpacks to more than 1 GiB and more than 200 times its size, and was not read further "
    "(if its content is right, load it with a higher --max-ratio); ask for the file again."
)


@pytest.fixture(autouse=True)
def _usual_ratio() -> None:
    stored.allow_ratio(200)


def _pack(ext: str, content: bytes) -> bytes:
    return gzip.compress(content) if ext == "csv.gz" else zstandard.compress(content, 19)


@pytest.mark.parametrize("ext", ["csv.gz", "csv.zst"])
def test_refused_in_a_sentence(tmp_path: Path, ext: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_ALWAYS_UNPACKED", 1 << 20)
    landing, warehouse = tmp_path / "landing", tmp_path / "w"
    path = landing / "migration" / f"migration_full_20260101.{ext}"
    path.parent.mkdir(parents=True)
    path.write_bytes(_pack(ext, HEAD + 100_000 * LINE))
    where = ("--landing", landing, "--warehouse", warehouse)
    (file,) = json.loads(short("load", *where, "--json").stdout)
    assert (file["outcome"], file["error"]) == ("refused", "UNREADABLE")
    assert file["detail"] == f"{file['file']} was refused, UNREADABLE: {SAID}"
    (file,) = json.loads(short("load", *where, "--json", "--max-ratio", "99999").stdout)
    assert (file["outcome"], file["lines"]) == ("accepted", 100_000)


def test_less_is_read_whatever_its_ratio(tmp_path: Path) -> None:
    path = tmp_path / "migration" / "migration_full_20260101.csv.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(HEAD + 300_000 * LINE, 9))
    (file,) = load(tmp_path, tmp_path / "w").files
    assert file.lines > 200 * path.stat().st_size // len(LINE)
    assert file.outcome == "accepted"


def test_a_gibibyte_is_the_least(tmp_path: Path) -> None:
    member = gzip.compress(bytes(64 << 20), 1)
    path = tmp_path / "a.csv.gz"
    path.write_bytes(16 * member)
    with path.open("rb") as stream:
        assert sum(map(len, Unpacked(stream, "csv.gz"))) == 1 << 30
    path.write_bytes(17 * member)
    with path.open("rb") as stream, pytest.raises(UnpacksToTooMuch):
        assert all(Unpacked(stream, "csv.gz"))


@pytest.mark.parametrize("repeated", [True, False], ids=["runs", "pages"])
def test_parquet(tmp_path: Path, repeated: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its rows, where a run of equal values takes no bytes, or by what its pages unpack to."""
    monkeypatch.setattr(stored, "_ALWAYS_UNPACKED", 1 << 20)
    path = tmp_path / "landing" / "migration" / "migration_full_20260101.parquet"
    path.parent.mkdir(parents=True)
    value = "'FORWARD'" if repeated else "repeat('FORWARD', 20000) || range"
    rows = 2_000_000 if repeated else 2_000
    duckdb.sql(
        f"copy (select '1000000000000' as mpan, {value} as direction, "
        f"date '2026-01-01' as effective_from from range({rows})) to '{path}' "
        "(format parquet, compression zstd, row_group_size 2000000)"
    )
    (file,) = load(tmp_path / "landing", tmp_path / "w").files
    assert (file.outcome, file.error) == ("refused", "UNREADABLE"), path.stat().st_size
    assert file.detail.endswith(SAID)
    stored.allow_ratio(10**9)
    (file,) = load(tmp_path / "landing", tmp_path / "w").files
    assert file.lines == rows
