"""The simulator's files: same bytes every time, names, formats, manifests and clear errors."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline.contracts import EXTRACTS
from pipeline.simulate import run, simulate

FIRST, LAST = date(2026, 10, 20), date(2026, 11, 3)
ROOT = Path(__file__).parents[2]


def digests(landing: Path) -> dict[str, str]:
    return {
        str(path.relative_to(landing)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(landing.rglob("*"))
        if path.is_file()
    }


def data_files(landing: Path) -> list[Path]:
    return [
        path for path in sorted(landing.rglob("*")) if path.is_file() and path.suffix != ".json"
    ]


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("csv")
    simulate(3_000, 1, FIRST, LAST, folder)
    return folder


@pytest.mark.parametrize("file_format", ["csv", "csv.gz", "parquet"])
def test_same_arguments_same_bytes_whatever_the_threads(tmp_path: Path, file_format: str) -> None:
    code = (
        "import sys, datetime, pathlib; from pipeline.simulate import simulate; "
        f"simulate(2000, 5, datetime.date(2026, 10, 24), datetime.date(2026, 10, 31), "
        f"pathlib.Path(sys.argv[1]), {file_format!r})"
    )
    seen = []
    for threads, hash_seed in (("1", "0"), ("2", "12345")):
        folder = tmp_path / threads
        environment = {**os.environ, "POLARS_MAX_THREADS": threads, "PYTHONHASHSEED": hash_seed}
        subprocess.run(
            [sys.executable, "-c", code, str(folder)], check=True, env=environment, cwd=ROOT
        )
        seen.append(digests(folder))
    assert seen[0] == seen[1]
    assert len(seen[0]) > 20


def test_another_seed_is_another_market(tmp_path: Path, landing: Path) -> None:
    simulate(3_000, 2, FIRST, LAST, tmp_path)
    name = "registration/registration_full_20261020.csv"
    assert digests(tmp_path)[name] != digests(landing)[name]


def test_chunks_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the points are cut, the market is the same; only the order of rows may differ."""
    for folder, chunk in (("one", 5_000), ("many", 700)):
        monkeypatch.setattr(run, "CHUNK", chunk)
        simulate(2_000, 3, FIRST, LAST, tmp_path / folder)
    for path in data_files(tmp_path / "one"):
        other = tmp_path / "many" / path.relative_to(tmp_path / "one")
        lines = [
            {line for line in file.read_text().splitlines() if "DIRTY" not in line}
            for file in (path, other)
        ]
        # The lines that are dirty without saying so are few: keys that come twice, half a date.
        assert len(lines[0] ^ lines[1]) <= 8, path.name


def test_more_points_leave_the_others_as_they_are(tmp_path: Path, landing: Path) -> None:
    simulate(4_000, 1, FIRST, LAST, tmp_path)
    for path in data_files(landing):
        fewer = path.read_text().splitlines()
        more = set((tmp_path / path.relative_to(landing)).read_text().splitlines())
        # Only dirty lines differ: they are made of the first lines of a file.
        assert len(set(fewer) - more) <= 7, path.name


def test_a_full_of_every_extract_and_deltas_only_where_something_changed(landing: Path) -> None:
    names = {path.name for path in data_files(landing)}
    pattern = re.compile(r"(\w+?)_(full|delta)_(\d{8})\.csv")
    matches = [pattern.fullmatch(name) for name in names]
    assert all(matches)
    fulls = {match[1] for match in matches if match and match[2] == "full"}
    assert fulls == set(EXTRACTS)
    deltas = [match[3] for match in matches if match and match[2] == "delta"]
    assert min(deltas) == "20261021"
    assert max(deltas) == "20261103"
    for extract in ("registration", "appointment"):
        assert sum(name.startswith(f"{extract}_delta") for name in names) >= 10


def test_manifests_describe_the_stored_bytes(landing: Path) -> None:
    for path in data_files(landing):
        manifest = json.loads(path.with_name(f"{path.name}.manifest.json").read_text())
        content = path.read_bytes()
        assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
        assert manifest["rows"] == content.count(b"\n") - 1
        day = path.name[-12:-4]
        assert manifest["extracted_at"] == f"{day[:4]}-{day[4:6]}-{day[6:]}T23:30:00+00:00"


def test_nothing_is_left_aside(landing: Path) -> None:
    assert not [path for path in landing.rglob(".*") if path.is_file()]


def test_columns_are_those_of_the_contract(landing: Path) -> None:
    for path in data_files(landing):
        header = path.read_text().split("\n", 1)[0].split(",")
        expected = [column.name for column in EXTRACTS[path.parent.name].columns]
        assert header == (["change_type", *expected] if "_delta_" in path.name else expected)


def test_all_formats_hold_the_same_rows(tmp_path: Path, landing: Path) -> None:
    for file_format in ("csv.gz", "parquet"):
        simulate(3_000, 1, FIRST, LAST, tmp_path / file_format, file_format)
    for path in data_files(landing):
        stem = path.relative_to(landing).with_suffix("")
        zipped = (tmp_path / "csv.gz" / stem).with_suffix(".csv.gz").read_bytes()
        assert gzip.decompress(zipped) == path.read_bytes()
        assert zipped[4:8] == bytes(4), "the time of a gzip header must not be the clock's"
        parquet = pl.read_parquet((tmp_path / "parquet" / stem).with_suffix(".parquet"))
        assert parquet.equals(pl.read_csv(path, infer_schema=False)), path.name


def test_dirty_rows_are_few(landing: Path) -> None:
    for path in data_files(landing):
        assert path.read_text().count("DIRTY") <= 10
    full = (landing / "registration" / "registration_full_20261020.csv").read_text()
    assert "2026-02-30" in full


def test_a_second_run_replaces_the_first(tmp_path: Path) -> None:
    simulate(1_000, 1, FIRST, FIRST, tmp_path)
    before = digests(tmp_path)
    simulate(1_000, 1, FIRST, FIRST, tmp_path)
    assert digests(tmp_path) == before


def test_summary_and_progress(tmp_path: Path) -> None:
    seen: list[tuple[str, float]] = []
    summary = simulate(1_000, 1, FIRST, LAST, tmp_path, progress=lambda *told: seen.append(told))
    files = data_files(tmp_path)
    assert summary.files == len(files)
    assert summary.bytes == sum(path.stat().st_size for path in files)
    assert sum(summary.rows.values()) == sum(path.read_bytes().count(b"\n") - 1 for path in files)
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("points", "first", "last", "message"),
    [
        (999, FIRST, LAST, "1,000"),
        (1_000, LAST, FIRST, "after the last day"),
        (1_000, date(2024, 12, 31), LAST, "2025-01-01"),
        (1_000, FIRST, date(2027, 11, 1), "2027-10-31"),
    ],
)
def test_arguments_out_of_range(
    tmp_path: Path, points: int, first: date, last: date, message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        simulate(points, 1, first, last, tmp_path)
    assert not list(tmp_path.iterdir())


def test_before_migration_begins(tmp_path: Path) -> None:
    simulate(1_000, 1, date(2025, 9, 1), date(2025, 9, 3), tmp_path)
    migrations = (tmp_path / "migration" / "migration_full_20250901.csv").read_text()
    assert len(migrations.splitlines()) == 1
