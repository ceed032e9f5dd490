"""A list as a workbook: a sheet that says what it is, then the rows.

Nothing in a cell is ever a formula or a link: text is written as text, and marked with Excel's own
quote prefix so that it stays text when somebody edits the cell. Identifiers are text, so no digit
is lost.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import duckdb
import polars as pl
from rustpy_xlsxwriter import FastExcel, Format

from pipeline.export_lists import ExportRefused, Source
from pipeline.sql_text import identifier

# A sheet has 1,048,576 rows; the headings take one.
MOST_ROWS = 1_048_575
ABOUT = "About"
_BATCH = 5_000
_WIDTHS = {"mpan": 16, "exception_id": 35, "reason_detail": 70, "wording": 70, "row_text": 90}
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_CORE, _APP = "docProps/core.xml", "docProps/app.xml"

Line = tuple[str, str, str]


def refuse_more_than_a_sheet(rows: int) -> None:
    """Raises ExportRefused where a sheet cannot hold every row."""
    if rows > MOST_ROWS:
        raise ExportRefused(
            f"An Excel sheet holds {MOST_ROWS:,} rows and these are {rows:,}; none is left out "
            "silently, so there is no XLSX of them. Take CSV or Parquet, or narrow the list."
        )


def about(facts: Mapping[str, Any], rows: int) -> list[Line]:
    """What the first sheet says, from the manifest of the file to be: part, item, text."""
    mart = facts["mart"] or {}
    return [
        ("File", "Rows", f"{rows:,}"),
        ("File", "Filters", facts["filters_in_words"]),
        ("File", "As of", facts["as_of"]),
        ("File", "Publication", facts["publication_id"]),
        ("File", "Published", facts["built_at"]),
        (
            "File",
            "Checksum",
            f"{mart.get('checksum', 'not known')} over the {mart.get('rows', 0):,} rows that the "
            "mart has in the publication. The sha256 of this file is in its manifest, offered "
            "beside it.",
        ),
        *(("File", "Note", each) for each in facts["notes"]),
        *(("Columns", name, text or "") for name, text in facts["columns"].items()),
        *(
            ("Rules", rule["rule_id"], f"{rule['title']}: {rule['wording']}")
            for rule in facts["rules"]
        ),
    ]


def write(
    path: Path,
    title: str,
    lines: Sequence[Line],
    built_at: str,
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    types: Mapping[str, str],
) -> None:
    """Write the workbook. `types` are the columns to write with their DuckDB types.

    It is dated by the instant of the publication, so the same request gives the same bytes.
    Raises ExportRefused for what a cell cannot hold.
    """
    reader = connection.sql(
        f"select {', '.join(identifier(name) for name in types)} {source.rows_in_order}",
        params=list(source.values),
    ).to_arrow_reader(_BATCH)
    rows = (row for batch in reader for row in batch.to_pylist())
    text = [name for name, kind in types.items() if kind == "VARCHAR"]
    bold = Format().set_bold().set_border_bottom("thin")
    book = FastExcel(str(path)).freeze(row=3, sheet=ABOUT).freeze(row=1, sheet=title)
    book.sheet(
        ABOUT,
        [dict(zip(("Part", "Item", "What it says"), line, strict=True)) for line in lines],
        header_row=2,
        merge_ranges=[(0, 0, 0, 2, title, Format().set_bold().set_font_size(18))],
        column_widths=[12.0, 30.0, 110.0],
        column_formats=[_about_cell(), _about_cell().set_bold(), _about_cell()],
        header_format=bold,
    )
    book.sheet(
        title,
        _first_of(rows, types),
        column_widths=[float(_width(name)) for name in types],
        column_formats=[_cell(kind) for kind in types.values()],
        header_format=bold,
        autofilter=True,
        ignore_errors=text,  # no green corner on MPANs, which are meant to be text
    )
    try:
        book.save()
    except (RuntimeError, ValueError) as error:
        raise ExportRefused(
            f"No XLSX was made: {error}. Nothing is cut silently; take CSV or Parquet."
        ) from None
    _date(path, title, datetime.fromisoformat(built_at))


def _first_of(rows: Iterator[dict[str, Any]], types: Mapping[str, str]) -> Any:
    """The rows; of none a frame without rows, since headings are taken from the first row."""
    first = next(rows, None)
    if first is None:
        return pl.DataFrame(schema=dict.fromkeys(types, pl.String))

    def all_rows() -> Iterator[dict[str, Any]]:
        yield first
        yield from rows

    return all_rows()


def _about_cell() -> Format:
    return Format().set_text_wrap().set_align("top").set_quote_prefix()


def _cell(kind: str) -> Format:
    if kind == "DATE":
        return Format().set_num_format("yyyy-mm-dd").set_align("left")
    if kind in _WHOLE:
        return Format().set_num_format("#,##0")
    if kind.startswith("DECIMAL") or kind == "DOUBLE":
        return Format().set_num_format("#,##0.###")
    return Format() if kind == "BOOLEAN" else Format().set_quote_prefix()


def _width(name: str) -> int:
    return _WIDTHS.get(name) or max(12, min(len(name) + 4, 30))


def _date(path: Path, title: str, instant: datetime) -> None:
    """Write the title, and the instant in place of the present time, into the properties.

    They are the last two files of the archive, so nothing before them has to be packed again.
    """
    at = f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    w3c = 'xsi:type="dcterms:W3CDTF"'
    core = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/'
        'core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(title)}</dc:title><dcterms:created {w3c}>{at}</dcterms:created>"
        f"<dcterms:modified {w3c}>{at}</dcterms:modified></cp:coreProperties>"
    )
    with zipfile.ZipFile(path, "a") as archive:
        *_, last_but_one, last = archive.infolist()
        if (last_but_one.filename, last.filename) != (_CORE, _APP):
            raise ExportRefused("The writer of workbooks put its files into another order.")
        app = archive.read(_APP)
        for entry in (last_but_one, last):
            archive.filelist.remove(entry)
            del archive.NameToInfo[entry.filename]
        archive.start_dir = last_but_one.header_offset
        for name, content in ((_CORE, core.encode()), (_APP, app)):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
