"""The manifest beside a file: a file that is not what it says is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pipeline.intake import stored
from tests.python.intake_folder import COLUMNS, Folder, parquet_bytes, refused

HEAD = b"mpan,direction,effective_from\n"
ROWS = b"".join(b"10%011d,FORWARD,2026-01-01\n" % n for n in range(2000))
GOOD = HEAD + ROWS


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize(
    "manifest",
    [{"rows": 1999}, {"rows": "2000"}, {"rows": True}, {"sha256": "0" * 64}, {"sha256": 5},
     {"extracted_at": "yesterday"}, {"extracted_at": 5}, [], b"5", b"null", b"", b"{", b"\xff",
     b"[" * 100_000, b"{}" + b" " * 2_000_000],
)  # fmt: skip
@pytest.mark.parametrize("ext", ["csv", "parquet"])
def test_manifest_mismatch(folder: Folder, manifest: object, ext: str) -> None:
    content = GOOD
    if ext == "parquet":
        content = parquet_bytes({name: values * 2000 for name, values in COLUMNS.items()})
    folder.put(f"migration_full_20260101.{ext}", content, manifest)
    refused(folder.only(), "MANIFEST_MISMATCH")
    assert folder.query("FROM raw.migration") == []


def test_manifest_agrees(folder: Folder) -> None:
    path = folder.put("migration_full_20260101.csv.gz", gzip.compress(GOOD))
    sha256 = stored.hashlib.sha256(path.read_bytes()).hexdigest().upper()
    manifest = {"rows": 2000, "sha256": sha256, "extracted_at": "2026-01-01T05:00:00Z", "more": 1}
    folder.put(path.name, path.read_bytes(), manifest)
    assert folder.only().outcome == "accepted"


def test_manifest_counts_every_line_read(folder: Folder) -> None:
    content = HEAD + ROWS[:33] * 2 + b"1,2\n" + b"1,2,3\n"
    folder.put("migration_full_20260101.csv", content, {"rows": 4, "sha256": None})
    assert folder.only().outcome == "accepted"


def test_a_mended_manifest_lets_the_file_in(folder: Folder) -> None:
    folder.put("migration_full_20260101.csv", GOOD, {"rows": 1})
    refused(folder.only(), "MANIFEST_MISMATCH")
    folder.put("migration_full_20260101.csv", GOOD, {"rows": 2000})
    assert folder.only().outcome == "accepted"
    assert folder.only().outcome == "skipped"
    assert len(folder.query("FROM raw.load")) == 1
