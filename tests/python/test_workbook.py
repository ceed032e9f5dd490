"""Workbooks: text that stays text, a sheet that says what the file is, nothing cut silently."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipeline.export import ExportRefused, export
from pipeline.publication import file_sha256
from pipeline.workbook import MOST_ROWS
from tests.app_pages import publications_of
from tests.fixture_publication import AFTER, FORMULA, publication_id

HOSTILE = [
    "=1+1",
    "  =1+1",
    "+44",
    "-1",
    "@sum(a1)",
    "{=1}",
    "\t=1",
    "\r\n=1",
    "\uff1d1",
    '=HYPERLINK("http://x.example","y")',
    "=cmd|' /C calc'!A0",
    "http://x.example",
    "mailto:a@b.example",
    "internal:Sheet1!A1",
    "0012345678901",
    "12345678901234567890",
    "1e5",
    "TRUE",
    "#N/A",
    "_x0041_",
    "a\x01\x0b\x1fb",
    "<b>&amp;</b>",
    " spaces around ",
    "two\nlines",
    "café \u65e5\u672c \U0001f600 \u202egnp",
    "' apostrophe",
]


@pytest.fixture
def publication(fixture_warehouse: Path) -> Path:
    return fixture_warehouse / "published" / f"{publication_id(AFTER)}.duckdb"


@pytest.fixture
def copy(publication: Path, tmp_path: Path) -> Path:
    """A publication to change."""
    folder = tmp_path / "published"
    folder.mkdir()
    for path in (publication, publication.with_name(f"{publication.stem}.manifest.json")):
        shutil.copy(path, folder)
    return folder / publication.name


def sheet_of(path: Path, number: int) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read(f"xl/worksheets/sheet{number}.xml").decode()


def texts_of(sheet: str, column: str) -> list[str]:
    """Strings of a column as they are stored, the heading left out."""
    cells = re.findall(
        rf'<c r="{column}(\d+)"[^>]*t="inlineStr"><is><t[^>]*>(.*?)</t>', sheet, re.DOTALL
    )
    return [text for row, text in cells if row != "1"]


def test_hostile_text_comes_back_as_it_was_and_nothing_is_live(copy: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(copy)) as connection:
        connection.execute("delete from marts.fct_exception where rule_id <> 'SUP-01'")
        connection.execute(
            "create table chosen as select exception_id, row_number() over (order by exception_id) "
            "as number from marts.fct_exception"
        )
        connection.execute(
            "create table hostile as select unnest(?) as note, unnest(range(1, ?)) as number",
            [HOSTILE, len(HOSTILE) + 1],
        )
        connection.execute(
            "delete from marts.fct_exception where exception_id in "
            "(select exception_id from chosen where number > ?)",
            [len(HOSTILE)],
        )
        connection.execute(
            "update marts.fct_exception as e set subject_key = h.note from hostile as h "
            "join chosen as c using (number) where c.exception_id = e.exception_id"
        )
        stored = dict(
            connection.execute(
                "select exception_id, subject_key from marts.fct_exception"
            ).fetchall()
        )
    path = tmp_path / "list.xlsx"
    export(copy, path, columns=["exception_id", "subject_key"], format="xlsx")
    back = pl.read_excel(path, sheet_id=2, infer_schema_length=None)
    assert dict(back.rows()) == stored
    assert set(stored.values()) == set(HOSTILE)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        everything = b"".join(archive.read(name) for name in names)
    assert not [name for name in names if "external" in name.lower() or "sheet2.xml.rels" in name]
    for live in (b"<f>", b"<f ", b"<hyperlink", b"<v>=", b"oleObject", b"vbaProject", b"ddeLink"):
        assert live not in everything
    styles = re.findall(r"<xf [^>]*quotePrefix=\"1\"", everything.decode())
    assert styles  # Excel keeps it text when somebody edits the cell


def test_columns_are_of_their_kind(publication: Path, tmp_path: Path) -> None:
    filters = {"rule_id": ["SUP-01"]}
    export(publication, tmp_path / "list.xlsx", filters, format="xlsx")
    export(publication, tmp_path / "list.parquet", filters, format="parquet")
    sheet = pl.read_excel(tmp_path / "list.xlsx", sheet_id=2, infer_schema_length=None)
    plain = pl.read_parquet(tmp_path / "list.parquet").with_columns(
        pl.col("mpan").cast(pl.String).str.zfill(13)  # a number there, text for people here
    )
    for name, kind in plain.schema.items():
        if plain[name].null_count() == plain.height:
            continue
        found = sheet[name]
        if kind == pl.String:
            assert found.dtype == pl.String, name
        elif kind == pl.Date:
            assert found.dtype == pl.Date, name
        elif kind == pl.Boolean:
            assert found.dtype == pl.Boolean, name
        else:
            assert found.dtype.is_numeric(), name
        same = found.cast(pl.Float64) if kind.is_numeric() else found
        assert (
            same.to_list()
            == (plain[name].cast(pl.Float64) if kind.is_numeric() else plain[name]).to_list()
        )
    assert any(mpan.startswith("0") for mpan in sheet["mpan"])
    xml = sheet_of(tmp_path / "list.xlsx", 2)
    assert 'numberStoredAsText="1"' in xml
    assert 'state="frozen"' in xml
    assert "<autoFilter" in xml
    row_numbers = re.findall(r'<row r="(\d+)"', xml)
    assert len(row_numbers) == len(set(row_numbers)) == plain.height + 1


def test_the_first_sheet_says_what_the_file_is(market_warehouse: Path, tmp_path: Path) -> None:
    publication = publications_of(market_warehouse)[-1]
    filters = {"rule_id": ["SUP-01", "SUP-03"], "severity": ["BREACH"]}
    manifest = export(publication, tmp_path / "list_{rows}.xlsx", filters, format="xlsx")
    path = tmp_path / manifest["file"]
    assert pl.read_excel(path, sheet_id=0).keys() == {"About", "Exceptions"}
    about = pl.read_excel(path, sheet_id=1, has_header=False)
    said = [(row[0], row[1], row[2]) for row in about.rows()]
    assert said[0][0] == "Exceptions"
    facts = {(part, item): text for part, item, text in said}
    assert facts["File", "Rows"] == f"{manifest['rows']:,}"
    assert facts["File", "Filters"] == "Rule: SUP-01 or SUP-03; Severity: BREACH"
    assert facts["File", "Publication"] == publication.stem
    assert facts["File", "As of"] == "2026-11-09"
    assert manifest["mart"]["checksum"] in facts["File", "Checksum"]
    assert "Metering Point, 13 digits" in facts["Columns", "mpan"]
    assert {item for part, item in facts if part == "Columns"} == set(manifest["columns"])
    rules = {item: text for (part, item), text in facts.items() if part == "Rules"}
    assert rules.keys() == {"SUP-01", "SUP-03"}
    assert "live Metering Point" in rules["SUP-01"]
    assert not re.search(r"<f>|<hyperlink", sheet_of(path, 1))
    assert manifest["notes"][1].startswith("Text stays text")


def test_the_same_request_gives_the_same_bytes_dated_by_the_publication(
    publication: Path, tmp_path: Path
) -> None:
    one = export(publication, tmp_path / "one.xlsx", {"status": ["OPEN"]}, format="xlsx")
    two = export(publication, tmp_path / "two.xlsx", {"status": ["OPEN"]}, format="xlsx")
    assert one["sha256"] == two["sha256"] == file_sha256(tmp_path / "two.xlsx")
    with zipfile.ZipFile(tmp_path / "one.xlsx") as archive:
        assert archive.testzip() is None
        core = archive.read("docProps/core.xml").decode()
        assert [name for name in archive.namelist() if name.startswith("docProps")] == [
            "docProps/core.xml",
            "docProps/app.xml",
        ]
    built_at = json.loads(publication.with_name(f"{publication.stem}.manifest.json").read_text())[
        "built_at"
    ]
    assert re.findall(r">(\d{4}-[^<]+)<", core) == [built_at.replace("+00:00", "Z")] * 2
    assert "<dc:title>Exceptions</dc:title>" in core


def test_no_rows_leave_the_headings(publication: Path, tmp_path: Path) -> None:
    manifest = export(publication, tmp_path / "x.xlsx", {"rule_id": ["SUP-05"]}, format="xlsx")
    assert manifest["rows"] == 0
    heads = pl.read_excel(tmp_path / "x.xlsx", sheet_id=2, has_header=False, raise_if_empty=False)
    assert heads.row(0)[:2] == ("exception_id", "rule_id")
    assert heads.height == 1


def test_the_formula_of_a_name_stays_text(publication: Path, tmp_path: Path) -> None:
    export(publication, tmp_path / "x.xlsx", format="xlsx")
    sheet = pl.read_excel(tmp_path / "x.xlsx", sheet_id=2, infer_schema_length=None)
    assert FORMULA in set(sheet["participant_name"])


def blow_up(copy: Path, rows: int) -> None:
    """So many rows, the same one again and again under other ids."""
    with duckdb.connect(str(copy)) as connection:
        (there,) = connection.execute("select count(*) from marts.fct_exception").fetchall()[0]
        connection.execute(
            "insert into marts.fct_exception select one.* replace (number::varchar as "
            "exception_id) from (from marts.fct_exception limit 1) as one, range(?) as r(number)",
            [rows - there],
        )


def test_more_rows_than_a_sheet_are_refused_and_others_offered(copy: Path, tmp_path: Path) -> None:
    blow_up(copy, MOST_ROWS + 1)
    with pytest.raises(
        ExportRefused, match=r"holds 1,048,575 rows and these are 1,048,576"
    ) as said:
        export(copy, tmp_path / "x" / "list.xlsx", columns=["mpan"], format="xlsx")
    assert "Take CSV or Parquet" in str(said.value)
    assert list((tmp_path / "x").iterdir()) == []
    manifest = export(copy, tmp_path / "x" / "list.parquet", columns=["mpan"], format="parquet")
    assert manifest["rows"] == MOST_ROWS + 1


def test_a_full_sheet_is_not(copy: Path, tmp_path: Path) -> None:
    blow_up(copy, MOST_ROWS)
    manifest = export(copy, tmp_path / "list.xlsx", columns=["rule_id"], format="xlsx")
    assert manifest["rows"] == MOST_ROWS
    last = sheet_of(tmp_path / "list.xlsx", 2)[-3_000:]
    assert f'<c r="A{MOST_ROWS + 1}"' in last


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (f"subject_key = repeat('x', {32_768})", "exceeds Excel's limit of 32,767 characters"),
        ("occurred_on = date '1850-01-01'", "outside Excel range"),
    ],
)
def test_what_a_cell_cannot_hold_is_refused(
    copy: Path, tmp_path: Path, change: str, says: str
) -> None:
    with duckdb.connect(str(copy)) as connection:
        connection.execute(f"update marts.fct_exception set {change} where rule_id = 'SUP-03'")
    arguments: dict[str, Any] = {"filters": {"rule_id": ["SUP-03"]}, "format": "xlsx"}
    with pytest.raises(ExportRefused, match=re.escape(says)) as said:
        export(copy, tmp_path / "x" / "list.xlsx", **arguments)
    assert "take CSV or Parquet" in str(said.value)
    assert list((tmp_path / "x").iterdir()) == []
    export(copy, tmp_path / "x" / "list.csv", arguments["filters"])


def test_days_are_days(copy: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(copy)) as connection:
        connection.execute(
            "update marts.fct_exception set occurred_on = date '1900-03-01', "
            "first_detected_on = date '9999-12-31' where rule_id = 'SUP-03'"
        )
    export(copy, tmp_path / "x.xlsx", {"rule_id": ["SUP-03"]}, format="xlsx")
    sheet = pl.read_excel(tmp_path / "x.xlsx", sheet_id=2, infer_schema_length=None)
    assert set(sheet["occurred_on"]) == {date(1900, 3, 1)}
    assert set(sheet["first_detected_on"]) == {date(9999, 12, 31)}
