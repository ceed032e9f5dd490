"""Every code that refuses a file whole, in every kind of file in which it can occur."""

from __future__ import annotations

import gzip
import io
import os
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from pipeline.intake import loader
from tests.python.intake_folder import COLUMNS, Folder, parquet_bytes, refused

HEAD = b"mpan,direction,effective_from\n"
ROWS = b"".join(b"10%011d,FORWARD,2026-01-01\n" % n for n in range(2000))
GOOD = HEAD + ROWS


def _zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(content)


PACK: dict[str, Callable[[bytes], bytes]] = {
    "csv": bytes,
    "csv.gz": gzip.compress,
    "csv.zst": _zstd,
}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "migration_full_20260230.csv",
        "migration_full_00000101.csv",
        "migration_full_2026010.csv",
        "migration_full_20260101_1.csv",
        "migration_full_20260101_001.csv",
        "migration_full_20260101.CSV",
        "migration_full_20260101.csv.bz2",
        "migration_full_20260101",
        "migration_snapshot_20260101.csv",
        "Migration_full_20260101.csv",
        "migration_full_20260101.csv.manifest.json.csv",
        "migration_full_\u0662\u0660260101.csv",
        "migration_full_20260101.csv\n",
        "migration_full_20260101.csv ",
    ],
)
def test_bad_name(folder: Folder, name: str) -> None:
    path = folder.put("migration_full_20260101.csv", GOOD)
    path.rename(path.with_name(name))
    outcome = folder.only()
    refused(outcome, "BAD_NAME")
    assert (outcome.kind, outcome.business_date) == (None, None)


def test_bad_name_of_another_extract_and_of_no_text(folder: Folder) -> None:
    path = folder.put("migration_full_20260101.csv", GOOD)
    path.rename(path.with_name("stage_full_20260101.csv"))
    other = folder.put("migration_full_20260102.csv", GOOD)
    other.rename(path.with_name(os.fsdecode(b"migration_\xff.csv")))
    for outcome in folder.load().files:
        refused(outcome, "BAD_NAME")
    assert len(folder.query("FROM raw.load")) == 2


def test_names_that_do_not_count(folder: Folder) -> None:
    folder.put("migration_full_20260101.csv", GOOD, {"rows": 2000})
    folder.put(".migration_full_20260102.csv", GOOD).rename(
        folder.landing / "migration" / ".migration_full_20260102.csv"
    )
    (folder.landing / "isd").mkdir()
    (folder.landing / "notes").mkdir()
    (folder.landing / "stray.txt").touch()
    summary = folder.load()
    assert [outcome.outcome for outcome in summary.files] == ["accepted"]
    assert "notes" in summary.strays
    assert "stray.txt" in summary.strays


@pytest.mark.parametrize(
    "second", ["migration_full_20260101.csv.gz", "migration_full_20260101_00.csv"]
)
def test_a_second_name_for_the_same_slot(folder: Folder, second: str) -> None:
    folder.put("migration_full_20260101.csv", GOOD)
    folder.put(second, gzip.compress(GOOD) if second.endswith("gz") else GOOD)
    first, other = folder.load().files
    assert first.outcome == "accepted"
    refused(other, "BAD_NAME")
    assert folder.load().files[0].outcome == "skipped"
    refused(folder.load().files[1], "BAD_NAME")


def test_a_shrunk_full_does_not_keep_its_slot(folder: Folder) -> None:
    """What replaces it may come under another name, and nothing of it stands."""
    folder.put("migration_full_20260101.csv", GOOD)
    folder.put("migration_full_20260102.csv", HEAD + ROWS[:330])
    folder.load()
    folder.put("migration_full_20260102.csv.gz", gzip.compress(GOOD)[:-9])
    codes = {outcome.file[-7:]: outcome.error for outcome in folder.load().files}
    assert codes == {"101.csv": None, "102.csv": "SHRUNK", ".csv.gz": "UNREADABLE"}
    folder.put("migration_full_20260102.csv.gz", gzip.compress(GOOD + b"1,2\n"))
    codes = {outcome.file[-7:]: outcome.error for outcome in folder.load().files}
    assert codes == {"101.csv": None, "102.csv": "SHRUNK", ".csv.gz": None}
    folder.put("migration_full_20260102.parquet", parquet_bytes(COLUMNS))
    assert folder.load().files[-1].error == "BAD_NAME"
    assert folder.query("SELECT count(*) FROM raw.migration") == [(2000,)]


def test_a_refused_name_does_not_keep_its_slot(folder: Folder) -> None:
    folder.put("migration_full_20260101.csv", b"")
    folder.put("migration_full_20260101.csv.gz", gzip.compress(GOOD))
    assert [o.outcome for o in folder.load().files] == ["refused", "accepted"]


@pytest.mark.parametrize("ext", ["csv.gz", "csv.zst"])
@pytest.mark.parametrize("missing", [1, 4, 8, 100, "half", "all but 3", "all"])
def test_truncated(folder: Folder, ext: str, missing: int | str) -> None:
    content = PACK[ext](GOOD)
    kept = {"half": len(content) // 2, "all but 3": 3, "all": 0}.get(
        str(missing), len(content) - (missing if isinstance(missing, int) else 0)
    )
    folder.put(f"migration_full_20260101.{ext}", content[:kept])
    refused(folder.only(), "UNREADABLE")


@pytest.mark.parametrize("ext", ["csv.gz", "csv.zst", "parquet"])
@pytest.mark.parametrize("content", [GOOD, b"", b"\0" * 50, random.Random(1).randbytes(5000)])
def test_not_what_the_name_says(folder: Folder, ext: str, content: bytes) -> None:
    folder.put(f"migration_full_20260101.{ext}", content)
    refused(folder.only(), "UNREADABLE")


@pytest.mark.parametrize("ext", ["csv.gz", "csv.zst"])
def test_damaged_in_the_middle_and_followed_by_garbage(folder: Folder, ext: str) -> None:
    content = bytearray(
        zstandard.ZstdCompressor(write_checksum=True).compress(GOOD)
        if ext == "csv.zst"
        else gzip.compress(GOOD)
    )
    folder.put(f"migration_full_20260102.{ext}", bytes(content) + b"garbage")
    content[len(content) // 2] ^= 0xFF
    folder.put(f"migration_full_20260101.{ext}", bytes(content))
    for outcome in folder.load().files:
        refused(outcome, "UNREADABLE")


@pytest.mark.parametrize("ext", ["csv.gz", "csv.zst"])
def test_several_frames_are_one_file(folder: Folder, ext: str) -> None:
    folder.put(f"migration_full_20260101.{ext}", PACK[ext](GOOD[:3000]) + PACK[ext](GOOD[3000:]))
    assert folder.only().accepted == 2000


@pytest.mark.parametrize("zeros", [1, 7, 512, 300_000])
@pytest.mark.parametrize("blocked", [0, 10])
def test_zero_bytes_after_gz_are_passed_over(folder: Folder, zeros: int, blocked: int) -> None:
    """As written by tapes and some uploaders, also between members."""
    padding = b"\0" * zeros
    content = gzip.compress(GOOD[:3000]) + b"\0" * blocked + gzip.compress(GOOD[3000:]) + padding
    folder.put("migration_full_20260101.csv.gz", content)
    folder.put("migration_delta_20260102.csv.gz", gzip.compress(GOOD)[:-8] + padding)
    folder.put("migration_delta_20260103.csv.gz", content + b"x")
    *cut, padded = folder.load().files
    assert padded.accepted == 2000
    for outcome in cut:
        refused(outcome, "UNREADABLE")


def test_zero_bytes_after_zst_are_no_frame(folder: Folder) -> None:
    """RFC 8878 has skippable frames to fill up with, and no zero bytes."""
    folder.put("migration_full_20260101.csv.zst", _zstd(GOOD) + b"\0" * 512)
    folder.put("migration_full_20260102.csv.zst", _zstd(GOOD) + b"\x50\x2a\x4d\x18" + b"\0" * 4)
    padded, skippable = folder.load().files
    refused(padded, "UNREADABLE")
    assert skippable.accepted == 2000


def test_truncated_and_damaged_parquet(folder: Folder) -> None:
    content = parquet_bytes({name: values * 5000 for name, values in COLUMNS.items()})
    folder.put("migration_full_20260101.parquet", content[:-1])
    folder.put("migration_full_20260102.parquet", content[: len(content) // 2])
    damaged = bytearray(content)
    damaged[4:60] = b"\xff" * 56
    folder.put("migration_full_20260103.parquet", bytes(damaged))
    for outcome in folder.load().files:
        refused(outcome, "UNREADABLE")


@pytest.mark.parametrize("ext", PACK)
def test_unclosed_quotes_and_no_newline(
    folder: Folder, ext: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.intake.records.LONGEST_RECORD", 1 << 16)
    monkeypatch.setattr("pipeline.intake.layout.LONGEST_RECORD", 1 << 16)
    monkeypatch.setattr("pipeline.intake.stored.BLOCK", 1 << 14)
    contents = [GOOD + b'"1,2,3\n', HEAD + b'"' + ROWS * 5, b"\0" * 500_000, HEAD + b"x" * 500_000]
    for number, content in enumerate(contents, start=1):
        folder.put(f"migration_full_2026010{number}.{ext}", PACK[ext](content))
    for outcome in folder.load().files:
        refused(outcome, "UNREADABLE")


@pytest.mark.parametrize("ext", PACK)
@pytest.mark.parametrize(
    "content",
    [
        HEAD + b"1012345678901,FORWARD,2026-01-01\xe9\n",
        GOOD + ROWS * 20 + b"\xe2\x82",
        HEAD.decode().encode("utf-16"),
        GOOD.replace(b"\n", b",\xed\xa0\x80\n"),
        b"\xff" + GOOD,
    ],
)
def test_bad_encoding(folder: Folder, ext: str, content: bytes) -> None:
    folder.put(f"migration_full_20260101.{ext}", PACK[ext](content))
    refused(folder.only(), "BAD_ENCODING")


def test_a_character_across_blocks_is_good(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.intake.stored.BLOCK", 1)
    head = HEAD.replace(b"\n", b",note\n")
    folder.put("migration_full_20260101.csv", head + "1,2,3,é€𝄞\n".encode())
    assert folder.only().lines == 1


def test_bad_encoding_in_parquet(folder: Folder) -> None:
    for number, broken in enumerate(("direction", "note"), start=1):
        bad = pa.array([b"FORWARD\xff"], pa.binary())
        columns = {
            **COLUMNS,
            "note": ["x"],
            broken: pa.Array.from_buffers(pa.string(), 1, bad.buffers()),
        }
        folder.put(f"migration_full_2026010{number}.parquet", parquet_bytes(columns))
    for outcome in folder.load().files:  # of an unknown column, too
        refused(outcome, "BAD_ENCODING")


@pytest.mark.parametrize("ext", PACK)
@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\r\n\n"])
def test_empty(folder: Folder, ext: str, content: bytes) -> None:
    folder.put(f"migration_full_20260101.{ext}", PACK[ext](content))
    refused(folder.only(), "EMPTY")


@pytest.mark.parametrize("ext", PACK)
@pytest.mark.parametrize(
    "header",
    [b"mpan,direction\n", b"MPAN,direction,effective_from\n", b"mpan;direction;effective_from\n",
     b" mpan,direction,effective_from\n", b"mpan,direction,effective_from,note,note\n",
     b"mpan,direction,effective_from,effective_from\n", b"mpan,direction,effective_from,,\n"],
)  # fmt: skip
def test_missing_column(folder: Folder, ext: str, header: bytes) -> None:
    folder.put(f"migration_full_20260101.{ext}", PACK[ext](header + ROWS))
    refused(folder.only(), "MISSING_COLUMN")


def test_missing_column_of_a_delta_and_of_parquet(folder: Folder) -> None:
    folder.put("migration_delta_20260101.csv", GOOD)
    folder.put(
        "migration_full_20260101.parquet", parquet_bytes({"mpan": ["1"], "direction": ["x"]})
    )
    names = ["mpan", "direction", "effective_from", "mpan"]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array(["1"])] * 4, names=names), sink)
    folder.put("migration_full_20260102.parquet", sink.getvalue())
    for outcome in folder.load().files:
        refused(outcome, "MISSING_COLUMN")


def test_the_first_code_that_fits(folder: Folder) -> None:
    """UNREADABLE before BAD_ENCODING before EMPTY and MISSING_COLUMN before the manifest."""
    folder.put("migration_full_20260101.csv.gz", gzip.compress(b"\xff" + GOOD)[:-1], {"rows": 1})
    folder.put("migration_full_20260102.csv", b"a,b\n\xff\n", {"rows": 1})
    folder.put("migration_full_20260103.csv", b"a,b\n", {"rows": 1})
    folder.put("migration_full_20260104.csv", b"", b"[]")
    codes = [outcome.error for outcome in folder.load().files]
    assert codes == ["UNREADABLE", "BAD_ENCODING", "MISSING_COLUMN", "EMPTY"]


def test_the_first_code_that_fits_parquet(folder: Folder) -> None:
    """Damage and bad text come before a missing column and before the manifest."""
    columns = {name: values * 5000 for name, values in COLUMNS.items()}
    damaged = bytearray(parquet_bytes(columns))
    damaged[4:60] = b"\xff" * 56
    folder.put("migration_full_20260101.parquet", bytes(damaged), {"sha256": "0"})
    bad = pa.array([b"\xff"], pa.binary())
    text = pa.Array.from_buffers(pa.string(), 1, bad.buffers())
    folder.put("migration_full_20260102.parquet", parquet_bytes({"mpan": text}))
    folder.put("migration_full_20260103.parquet", parquet_bytes(COLUMNS), {"sha256": "0"})
    codes = [outcome.error for outcome in folder.load().files]
    assert codes == ["UNREADABLE", "BAD_ENCODING", "MANIFEST_MISMATCH"]


@pytest.mark.parametrize("ext", PACK)
@pytest.mark.parametrize("quote", [b"", b'"'])
def test_carriage_returns_alone(folder: Folder, ext: str, quote: bytes) -> None:
    """As a line end they are none, and all would be one header: not a file of no rows."""
    lines = [quote + line.replace(b",", quote + b"," + quote) + quote for line in GOOD.split(b"\n")]
    content = b"\r".join(line + b"," for line in lines[:9])
    folder.put(f"migration_full_20260101.{ext}", PACK[ext](content))
    outcome = folder.only()
    refused(outcome, "UNREADABLE")
    assert "carriage returns" in outcome.detail


def test_very_wide_very_long_and_a_bomb(folder: Folder) -> None:
    wide = b",".join(b"x%d" % n for n in range(10_000))
    row = b"1012345678901,FORWARD,2026-01-01"
    folder.put(
        "migration_full_20260101.csv",
        HEAD.strip() + b"," + wide + b"\n" + row + b"," * 10_000 + b"\n",
    )
    long = b"1012345678901,FORWARD,2026-01-01," + b"y" * 5_000_000 + b"\n"
    folder.put("migration_full_20260102.csv", HEAD.strip() + b",note\n" + long)
    folder.put("migration_full_20260103.csv.zst", _zstd(b"\0" * 100_000_000))
    folder.put("migration_full_20260104.csv.gz", gzip.compress(HEAD + b"\n" * 20_000_000, 1))
    wide_, long_, bomb, blank = folder.load(allow_shrunk=True).files
    assert (wide_.accepted, long_.accepted, blank.lines) == (1, 1, 0)
    refused(bomb, "UNREADABLE")


@pytest.mark.parametrize("ext", ["csv", "csv.gz", "csv.zst", "parquet"])
def test_random_bytes_never_raise(folder: Folder, ext: str) -> None:
    generator = random.Random(7)
    for number in range(1, 13):
        content = generator.randbytes(generator.randrange(3000))
        if number % 3 == 0:
            content = HEAD + bytes(generator.choices(b'",\n\r\0a1', k=500))
        if number % 4 == 0 and ext in PACK:
            content = PACK[ext](content)
        folder.put(f"migration_full_202601{number:02}.{ext}", content)
    assert len(folder.load().files) == 12


def test_a_file_that_changes_is_left_for_the_next_run(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder.put("migration_full_20260101.csv", GOOD)
    judge = loader._Loader.judge

    def slow(self: Any, file: Any) -> Any:
        entry = judge(self, file)
        with path.open("ab") as stream:
            stream.write(b"1,2,3\n")
        return entry

    with monkeypatch.context() as patch:
        patch.setattr(loader._Loader, "judge", slow)
        outcome = folder.only()
    assert (outcome.outcome, outcome.error, outcome.lines) == ("skipped", None, 0)
    assert "changed while it was read" in outcome.detail
    assert folder.query("FROM raw.load") == []
    assert folder.only().lines == 2001


def test_shrunk(folder: Folder) -> None:
    folder.put("migration_full_20260101.csv", GOOD)
    folder.put("migration_full_20260102.csv", HEAD + ROWS[: 33 * 1599])
    folder.put("migration_full_20260103.csv", HEAD + ROWS[: 33 * 1600])
    first, shrunk, enough = folder.load().files
    assert (first.outcome, enough.outcome) == ("accepted", "accepted")
    refused(shrunk, "SHRUNK")
    assert "migration_full_20260101.csv" in shrunk.detail
    refused(folder.load().files[1], "SHRUNK")
    assert folder.query("SELECT count(*) FROM raw.migration", date(2026, 1, 2)) == [(2000,)]
    assert folder.load(allow_shrunk=True).files[1].outcome == "accepted"
    assert folder.load().files[1].outcome == "skipped"
    assert folder.query("SELECT count(*) FROM raw.migration", date(2026, 1, 2)) == [(1599,)]
