"""A list as a workbook: a sheet that says what it is, then the rows.

Nothing in a cell is ever a formula or a link: text is written as text, and marked with Excel's own
quote prefix so that it stays text when somebody edits the cell. Identifiers are text, so no digit
is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from pipeline.export_lists import ExportRefused, Source

# A sheet has 1,048,576 rows; the headings take one.
MOST_ROWS = 1_048_575
LONGEST_TEXT = 32_767
_BATCH = 5_000
_TEXT_WIDTH = {"mpan": 15, "exception_id": 34, "reason_detail": 70, "wording": 70, "row_text": 90}
# Days are counted from here; before 1 March 1900 Excel counts a day that never was.
_DAY_ZERO = date(1899, 12, 30)
_FIRST_TRUE_DAY = 61
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DOUBLE", "FLOAT")


@dataclass(frozen=True)
class Line:
    """One line of the sheet *About*: a heading, or a name and what it says."""

    name: str
    text: str = ""
    is_heading: bool = False


def refuse_more_than_a_sheet(rows: int) -> None:
    """Raises ExportRefused where a sheet cannot hold every row."""
    if rows > MOST_ROWS:
        raise ExportRefused(
            f"An Excel sheet holds {MOST_ROWS:,} rows and these are {rows:,}; none would be left "
            "out silently, so there is no XLSX of them. Take CSV or Parquet, or narrow the list."
        )


def about(facts: Mapping[str, Any], rows: int) -> list[Line]:
    """What the first sheet says, from the manifest of the file to be."""
    mart = facts["mart"] or {}
    lines = [
        Line("Rows", f"{rows:,}"),
        Line("Filters", facts["filters_in_words"]),
        Line("As of", facts["as_of"]),
        Line("Publication", facts["publication_id"]),
        Line("Published", facts["built_at"]),
        Line(
            "Checksum",
            f"{mart.get('checksum', 'not known')} over the {mart.get('rows', 0):,} rows that the "
            "mart has in the publication. The sha256 of this file is in its manifest, offered "
            "beside it.",
        ),
        *(Line("Note", each) for each in facts["notes"]),
        Line("Columns", is_heading=True),
        *(Line(name, text or "") for name, text in facts["columns"].items()),
    ]
    if facts["rules"]:
        lines.append(Line("Rules", is_heading=True))
    for rule in facts["rules"]:
        lines.append(Line(rule["rule_id"], f"{rule['title']}: {rule['wording']}"))
    return lines


def write(
    path: Path,
    title: str,
    about: Sequence[Line],
    built_at: str,
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    types: Mapping[str, str],
) -> int:
    """Write the workbook; gives the number of rows below the headings.

    `types` are the columns to write with their DuckDB types. The workbook is dated by the instant
    of the publication, so the same request gives the same bytes.
    """
    workbook = xlsxwriter.Workbook(
        str(path),
        {
            "constant_memory": True,  # row by row, through a file in `tmpdir`
            "tmpdir": str(path.parent),
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    created = datetime.fromisoformat(built_at).astimezone(UTC).replace(tzinfo=None)
    workbook.set_properties({"title": title, "created": created})
    workbook.set_size(2400, 1500)
    _write_about(workbook, title, about)
    sheet = workbook.add_worksheet(title[:31])
    reader = connection.sql(
        f"select {', '.join(map(_as_read, types, types.values()))} {source.rows_in_order}",
        params=list(source.values),
    ).to_arrow_reader(_BATCH)
    rows = _write_rows(workbook, sheet, types, (row for batch in reader for row in _rows_of(batch)))
    workbook.close()
    return rows


def _rows_of(batch: Any) -> Iterator[tuple[Any, ...]]:
    return zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _write_about(workbook: xlsxwriter.Workbook, title: str, about: Sequence[Line]) -> None:
    sheet = workbook.add_worksheet("About")
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 100)
    top = {"valign": "top", "text_wrap": True, "quote_prefix": True}
    name, text = workbook.add_format({**top, "bold": True}), workbook.add_format(top)
    heading = workbook.add_format({**top, "bold": True, "font_size": 13, "bottom": 1})
    sheet.write_string(0, 0, title, workbook.add_format({"bold": True, "font_size": 18}))
    for row, line in enumerate(about, start=2):
        if line.is_heading:
            sheet.write_string(row, 0, line.name, heading)
            sheet.write_blank(row, 1, None, heading)
        else:
            sheet.write_string(row, 0, line.name, name)
            if sheet.write_string(row, 1, line.text, text):
                raise _too_long("About")


def _write_rows(
    workbook: xlsxwriter.Workbook,
    sheet: Worksheet,
    types: Mapping[str, str],
    rows: Iterator[tuple[Any, ...]],
) -> int:
    heading = workbook.add_format({"bold": True, "bottom": 1, "valign": "top"})
    cells = [_cell(workbook, kind) for kind in types.values()]
    writers = [_writer(sheet, kind) for kind in types.values()]
    for position, (name, kind) in enumerate(types.items()):
        sheet.set_column(position, position, _width(name, kind))
        sheet.write_string(0, position, name, heading)
    sheet.freeze_panes(1, 0)
    columns = list(zip(range(len(types)), writers, cells, strict=True))
    number = 0
    for number, row in enumerate(rows, start=1):
        for position, write_cell, cell in columns:
            value = row[position]
            if value is not None and write_cell(number, position, value, cell):
                raise _too_long(list(types)[position])
    last = max(number, 1)
    sheet.autofilter(0, 0, last, len(types) - 1)
    # No green corner on MPANs: they are numbers stored as text, and meant to be.
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{last + 1}"})
    return number


def _too_long(where: str) -> ExportRefused:
    return ExportRefused(
        f"A text in {where} is longer than the {LONGEST_TEXT:,} characters that an Excel cell "
        "holds; nothing is cut silently, so there is no XLSX of it. Take CSV or Parquet."
    )


def _is_number(kind: str) -> bool:
    return kind in _NUMBERS or kind.startswith("DECIMAL")


def _as_read(name: str, kind: str) -> str:
    """How a column is read: a day as Excel counts it, a decimal as Excel keeps it."""
    column = '"' + name.replace('"', '""') + '"'
    if kind == "DATE":
        return f"date_diff('day', date '{_DAY_ZERO}', {column}) as {column}"
    if _is_number(kind):
        return f"{column}::double as {column}" if kind.startswith(("DEC", "HUGE")) else column
    return column if kind in ("VARCHAR", "BOOLEAN") else f"{column}::varchar as {column}"


def _cell(workbook: xlsxwriter.Workbook, kind: str) -> Format:
    if kind == "DATE":
        return workbook.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
    if _is_number(kind):
        is_whole = "INT" in kind
        return workbook.add_format({"num_format": "#,##0" if is_whole else "#,##0.###"})
    return workbook.add_format({"quote_prefix": True} if kind != "BOOLEAN" else {})


def _writer(sheet: Worksheet, kind: str) -> Callable[..., int]:
    writer: Callable[..., int]
    if kind == "BOOLEAN":
        writer = sheet.write_boolean
    elif kind == "DATE":
        writer = partial(_write_day, sheet)
    elif _is_number(kind):
        writer = sheet.write_number
    else:
        writer = sheet.write_string
    return writer


def _write_day(sheet: Worksheet, row: int, column: int, day: int, cell: Format) -> int:
    if day >= _FIRST_TRUE_DAY:
        return int(sheet.write_number(row, column, day, cell))
    return int(sheet.write_string(row, column, str(_DAY_ZERO + timedelta(days=day)), cell))


def _width(name: str, kind: str) -> int:
    if kind == "VARCHAR" and name in _TEXT_WIDTH:
        return _TEXT_WIDTH[name]
    return max(12, min(len(name) + 4, 30))
