"""Exports: every row, no row more, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipeline.export import LISTS, ExportRefused, condition, export, in_words, parse_filters
from pipeline.sql_text import mpan_text
from tests.fixture_publication import AFTER, FORMULA, PROJECT, publication_id

FILTERS = [
    {},
    {"rule_id": ["SUP-01"]},
    {"severity": ["BREACH"], "rule_id": ["SUP-03"]},
    {"mpid": ["-"]},
    {"mpid": ["WILL", "-"], "market_segment": ["S", "A"]},
    {"gsp_group_id": ["_A"], "occurred_from": ["2025-08-01"], "occurred_to": ["2025-08-31"]},
    {"change": ["NEW"]},
    {"change": ["NEW", "ESCALATED"]},
    {"rule_id": ["SUP-05"]},
]


@pytest.fixture
def publication(fixture_warehouse: Path) -> Path:
    return fixture_warehouse / "published" / f"{publication_id(AFTER)}.duckdb"


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def select(publication: Path, filters: dict[str, list[str]]) -> list[tuple[Any, ...]]:
    test, values = condition(LISTS["exceptions"], filters)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{publication}' as publication (read_only)")
        connection.execute("use publication.marts")
        return connection.execute(
            f"select exception_id, {mpan_text('mpan')} from fct_exception where {test} order by 1",
            values,
        ).fetchall()


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_the_file_holds_the_rows_that_the_filters_select(
    publication: Path, tmp_path: Path, filters: dict[str, list[str]]
) -> None:
    expected = select(publication, filters)
    manifest = export(publication, tmp_path / "list.csv", filters)
    rows = read_csv(tmp_path / "list.csv")
    assert manifest["rows"] == len(rows) == len(expected)
    assert sorted((row["exception_id"], row["mpan"] or None) for row in rows) == sorted(expected)


def test_filters_narrow(publication: Path) -> None:
    everything = len(select(publication, {}))
    counts = [len(select(publication, filters)) for filters in FILTERS]
    assert counts[0] == everything
    assert counts[8] == 0
    assert all(0 < count < everything for count in counts[1:8])


def test_parquet_holds_the_same_rows_unchanged(publication: Path, tmp_path: Path) -> None:
    manifest = export(publication, tmp_path / "list.parquet", {}, format="parquet")
    frame = pl.read_parquet(tmp_path / "list.parquet")
    assert frame.height == manifest["rows"] == len(select(publication, {}))
    assert FORMULA in set(frame["participant_name"])


def test_formulas_are_neutralised_in_text_and_only_there(publication: Path, tmp_path: Path) -> None:
    export(publication, tmp_path / "list.csv")
    rows = read_csv(tmp_path / "list.csv")
    assert not any(re.match(r"^\s*[=+\-@]", cell) for row in rows for cell in row.values())
    names = {row["participant_name"] for row in rows}
    assert f"'{FORMULA}" in names
    assert "Willow Retail" in names


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("=1+1", True),
        ("  =1+1", True),
        ("+44", True),
        ("-1", True),
        ("@sum", True),
        ("\t=1", True),
        ("\r=1", True),
        ("\uff1d1", True),
        ("\uff0b1", True),
        ("\uff0d1", True),
        ("\uff201", True),
        ("a=1", False),
        ("0012345678901", False),
        ("Alder - Birch", False),
        ("", False),
    ],
)
def test_what_counts_as_a_formula(
    publication: Path, tmp_path: Path, text: str, guarded: bool
) -> None:
    copy = tmp_path / publication.name
    copy.write_bytes(publication.read_bytes())
    manifest = publication.with_name(f"{publication.stem}.manifest.json")
    copy.with_name(manifest.name).write_bytes(manifest.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute(
            "update marts.fct_exception set subject_key = ?, annual_kwh = -5 "
            "where rule_id = 'SUP-03'",
            [text],
        )
    export(copy, tmp_path / "list.csv", {"rule_id": ["SUP-03"]}, ["subject_key", "annual_kwh"])
    content = (tmp_path / "list.csv").read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(content.splitlines(keepends=True)))[1:]
    assert rows[0][0] == (f"'{text}" if guarded else text)
    assert rows[0][1] == "-5.000"  # a number may be negative


def test_encoding_identifiers_and_days(publication: Path, tmp_path: Path) -> None:
    export(publication, tmp_path / "list.csv", {"rule_id": ["SUP-01"]})
    assert (tmp_path / "list.csv").read_bytes().startswith(b"\xef\xbb\xbfexception_id,")
    rows = read_csv(tmp_path / "list.csv")
    assert all(re.fullmatch(r"\d{13}", row["mpan"]) for row in rows)
    assert any(row["mpan"].startswith("0") for row in rows)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", row["occurred_on"]) for row in rows)


def test_the_manifest_proves_the_file(publication: Path, tmp_path: Path) -> None:
    filters = {"rule_id": ["SUP-01"], "severity": ["WARNING", "BREACH"]}
    manifest = export(publication, tmp_path / "list_{rows}rows.csv", filters)
    path = tmp_path / manifest["file"]
    assert path.name == f"list_{manifest['rows']}rows.csv"
    content = path.read_bytes()
    assert manifest["bytes"] == len(content)
    assert manifest["sha256"] == hashlib.sha256(content).hexdigest()
    assert manifest["publication_id"] == publication_id(AFTER)
    assert manifest["as_of"] == "2026-11-10"
    assert manifest["filters_in_words"] == "Rule: SUP-01; Severity: BREACH or WARNING"
    assert [rule["rule_id"] for rule in manifest["rules"]] == ["SUP-01"]
    assert "live Metering Point" in manifest["rules"][0]["wording"]
    assert json.loads(path.with_name(f"{path.name}.manifest.json").read_text()) == manifest
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        path.name,
        f"{path.name}.manifest.json",
    ]


def test_the_same_request_gives_the_same_bytes(publication: Path, tmp_path: Path) -> None:
    one = export(publication, tmp_path / "one.csv", {"status": ["OPEN"]})
    two = export(publication, tmp_path / "two.csv", {"status": ["OPEN"]})
    assert one["sha256"] == two["sha256"]


def test_columns_can_be_chosen(publication: Path, tmp_path: Path) -> None:
    manifest = export(publication, tmp_path / "list.csv", columns=["mpan", "rule_id"])
    assert list(manifest["columns"]) == ["mpan", "rule_id"]
    assert list(read_csv(tmp_path / "list.csv")[0]) == ["mpan", "rule_id"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"filters": {"nope": ["x"]}}, "has no filter 'nope'; it has: rule_id"),
        ({"filters": {"occurred_from": ["x"]}}, "takes one day as YYYY-MM-DD, not x"),
        ({"filters": {"occurred_to": ["2026-01-01", "2026-01-02"]}}, "takes one day"),
        (
            {"list_name": "suppliers", "filters": {"not_qualified": ["maybe"]}},
            "takes true or false",
        ),
        ({"columns": ["mpan", "1; drop"]}, "has no column 1; drop"),
        ({"format": "docx"}, "Unknown format 'docx'; there is: csv, xlsx, parquet"),
        ({"list_name": "points"}, "Unknown list 'points'; there is: exceptions"),
    ],
    ids=lambda each: str(each)[:40],
)
def test_refusals_say_what_there_is(
    publication: Path, tmp_path: Path, arguments: dict[str, Any], says: str
) -> None:
    with pytest.raises(ExportRefused, match=re.escape(says)):
        export(publication, tmp_path / "list.csv", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_values_of_filters_are_never_sql(publication: Path, tmp_path: Path) -> None:
    manifest = export(publication, tmp_path / "list.csv", {"rule_id": ["x') or true --"]})
    assert manifest["rows"] == 0


def test_filters_of_the_command_line() -> None:
    words = ["rule_id=SUP-01", "rule_id=SUP-03", "occurred_from=2026-01-01"]
    assert parse_filters(words) == {
        "rule_id": ("SUP-01", "SUP-03"),
        "occurred_from": ("2026-01-01",),
    }
    with pytest.raises(ExportRefused, match="NAME=VALUE"):
        parse_filters(["rule_id"])
    assert in_words(LISTS["exceptions"], {}) == "No filter: every row"


def test_the_worker_process(publication: Path, tmp_path: Path) -> None:
    request = {
        "publication_path": str(publication),
        "out_path": str(tmp_path / "list.csv"),
        "filters": {"rule_id": ["SUP-03"]},
        "format": "csv",
        "list_name": "exceptions",
    }
    worker = subprocess.run(
        [sys.executable, "-m", "pipeline.export"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        cwd=PROJECT,
    )
    assert worker.returncode == 0, worker.stderr
    assert json.loads(worker.stdout)["rows"] == len(read_csv(tmp_path / "list.csv")) == 8
    request["format"] = "docx"
    worker = subprocess.run(
        [sys.executable, "-m", "pipeline.export"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        cwd=PROJECT,
    )
    assert worker.returncode == 1
    assert "Unknown format" in worker.stderr
    assert "Traceback" not in worker.stderr
