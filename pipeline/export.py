"""Export: every row of a list that the filters select, as one file with a manifest beside it.

The dashboard's page and the file use the same compiled condition (`export_lists.condition`), so
the rows in the file are the rows that the page counts. The dashboard calls this module in a
process of its own (`python -m pipeline.export`, a request as JSON on standard input), so that a
large export takes no memory from the server.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from pipeline import CONTRACT_VERSION, workbook
from pipeline.errors import PipelineError
from pipeline.export_lists import (
    LIST_FORMATS,
    LISTS,
    NOT_NAMED,
    ExportList,
    ExportRefused,
    Filters,
    Source,
    condition,
    in_words,
    parse_filters,
)
from pipeline.layout import replace_json
from pipeline.leftovers import scratch_folder
from pipeline.mart_columns import create_views
from pipeline.publication import file_sha256, read_manifest
from pipeline.sql_text import exact_path, identifier, mpan_text
from pipeline.worker_process import begin

__all__ = [
    "FORM",
    "FORMATS",
    "FORMULA_START",
    "LISTS",
    "LIST_FORMATS",
    "NOT_NAMED",
    "ExportList",
    "ExportRefused",
    "Filters",
    "about_publication",
    "condition",
    "copy_options",
    "export",
    "guarded_heading",
    "in_words",
    "notes",
    "parse_filters",
    "select_list",
]

FORMATS = ("csv", "parquet")
# Raise it when the same request gives other bytes: finished files of the old form are left.
FORM = 3
# One thread and a small buffer: a list is written as it is stored, so it only passes through.
_CONFIG: dict[str, Any] = {"memory_limit": "256MB", "threads": 1}

# What a spreadsheet would run as a formula (OWASP), full-width forms included.
FORMULA_START = r"^[ ]*[=+\-@\t\r\n\x00\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"
_FORMULA_HEADING = re.compile("[ ]*[=+\\-@\t\r\n\x00\uff1d\uff0b\uff0d\uff20]")
_BYTE_ORDER_MARK = "\ufeff"


def export(
    publication_path: Path,
    out_path: Path,
    filters: Filters | None = None,
    columns: Sequence[str] | None = None,
    format: str = "csv",
    list_name: str = "exceptions",
) -> dict[str, Any]:
    """Write the list to `out_path` and its manifest to `<out_path>.manifest.json`.

    Returns the manifest. `{rows}` in the file name stands for the number of rows. The same
    request on the same publication gives the same bytes. Nothing is left behind by a failure.
    """
    filters = filters or {}
    if format not in LIST_FORMATS:
        raise ExportRefused(f"Unknown format {format!r}; there is: {', '.join(LIST_FORMATS)}.")
    if list_name not in LISTS:
        raise ExportRefused(f"Unknown list {list_name!r}; there is: {', '.join(LISTS)}.")
    export_list = LISTS[list_name]
    test, values = condition(export_list, filters)
    with (
        scratch_folder(out_path.parent) as scratch,
        closing(_open(publication_path, scratch)) as connection,
    ):
        known = _columns(connection, export_list.mart)
        chosen = list(columns or known)
        if unknown := [name for name in chosen if name not in known]:
            raise ExportRefused(
                f"The list {list_name!r} has no column {', '.join(unknown)}; "
                f"it has: {', '.join(known)}."
            )
        part = scratch / "rows"
        facts = {
            **about_publication(publication_path),
            "mart": _stored(publication_path, "marts").get(export_list.mart),
            "filters": {name: sorted(chosen) for name, chosen in sorted(filters.items()) if chosen},
            "filters_in_words": in_words(export_list, filters),
            "columns": {name: known[name][1] for name in chosen},
            "rules": _rules(connection, filters.get("rule_id", ()))
            if "rule_id" in export_list.filters
            else [],
            "notes": notes(format),
        }
        types = {name: known[name][0] for name in chosen}
        rows_of = export_list.mart
        if "mpan" in known and format != "parquet":  # files for people
            rows_of = f"(select * replace ({mpan_text('mpan')} as mpan) from {rows_of})"
            types |= {"mpan": "VARCHAR"} if "mpan" in chosen else {}
        source = Source(
            f"from {rows_of} where {test}",
            _order(publication_path, export_list),
            values,
        )
        if format == "xlsx":
            rows = _write_workbook(connection, part, export_list.title, source, types, facts)
        else:
            rows = _copy(connection, part, source, types, format)
        target = out_path.with_name(out_path.name.replace("{rows}", str(rows)))
        manifest = {
            "list": list_name,
            "format": format,
            "file": target.name,
            "rows": rows,
            "bytes": part.stat().st_size,
            "sha256": file_sha256(part),
            **facts,
        }
        part.replace(target)
        replace_json(target.with_name(f"{target.name}.manifest.json"), manifest)
    return manifest


def _open(publication_path: Path, scratch: Path) -> duckdb.DuckDBPyConnection:
    if not publication_path.exists():
        raise ExportRefused(f"There is no publication {publication_path}.")
    # Attached, not opened: a process that has the file open already may use other settings.
    connection = duckdb.connect(":memory:", config={**_CONFIG, "temp_directory": str(scratch)})
    connection.execute(f"attach {exact_path(publication_path)} as publication (read_only)")
    if _manifest(publication_path).get("contract", 1) == CONTRACT_VERSION:
        connection.execute("use publication.marts")
    else:
        create_views(connection, "publication")
        connection.execute("use marts")
    return connection


def _order(publication_path: Path, export_list: ExportList) -> str:
    """Nothing where the mart is stored in the list's order: rows come as they were inserted.

    Sorting millions of wide rows costs more memory and time than writing them.
    """
    stored = _stored(publication_path, "orders").get(export_list.mart)
    return "" if stored == list(export_list.order_by) else ", ".join(export_list.order_by)


def _copy(
    connection: duckdb.DuckDBPyConnection,
    part: Path,
    source: Source,
    types: Mapping[str, str],
    format: str,
) -> int:
    text = {name for name, kind in types.items() if kind == "VARCHAR"} if format == "csv" else ()
    done = connection.execute(
        f"copy (select {select_list(list(types), text, format)} {source.rows_in_order}) "
        f"to {exact_path(part)} {copy_options(format)}",
        source.values,
    ).fetchall()
    return int(done[0][0])


def _write_workbook(
    connection: duckdb.DuckDBPyConnection,
    part: Path,
    title: str,
    source: Source,
    types: Mapping[str, str],
    facts: Mapping[str, Any],
) -> int:
    counted = connection.execute(f"select count(*) {source.rows}", source.values).fetchall()
    rows = int(counted[0][0])
    workbook.refuse_more_than_a_sheet(rows)
    lines = workbook.about(facts, rows)
    workbook.write(part, title, lines, facts["built_at"], connection, source, types)
    return rows


def _columns(connection: duckdb.DuckDBPyConnection, mart: str) -> dict[str, tuple[str, str | None]]:
    found = connection.execute(
        "select column_name, data_type, described.comment from duckdb_columns() as columns "
        "left join (select column_name, comment from duckdb_columns() "
        "where database_name = 'publication' and table_name = $mart) as described "
        "using (column_name) where columns.database_name = current_database() "
        "and columns.schema_name = 'marts' and columns.table_name = $mart "
        "order by columns.column_index",
        {"mart": mart},
    ).fetchall()
    return {name: (kind, comment) for name, kind, comment in found}


def select_list(columns: Sequence[str], text: Iterable[str], format: str) -> str:
    """The columns as they go into the file; those of `text` guarded against formulas."""
    expressions = []
    for position, name in enumerate(columns):
        value = identifier(name)
        if name in text:
            value = (
                f"case when regexp_matches({value}, '{FORMULA_START}') "
                f"then '''' || {value} else {value} end"
            )
        # The mark in front of the first heading makes the file's first bytes the mark.
        mark = _BYTE_ORDER_MARK if format == "csv" and position == 0 else ""
        heading = guarded_heading(name) if format == "csv" else name
        expressions.append(f"{value} as {identifier(mark + heading)}")
    return ", ".join(expressions)


def guarded_heading(name: str) -> str:
    """A heading that a spreadsheet does not run as a formula."""
    return f"'{name}" if _FORMULA_HEADING.match(name) else name


def copy_options(format: str) -> str:
    """What COPY is told about the format."""
    return (
        "(format csv, header, dateformat '%Y-%m-%d')"
        if format == "csv"
        else "(format parquet, compression zstd)"
    )


def about_publication(publication_path: Path) -> dict[str, Any]:
    """What a file's manifest says about the publication that its rows come from."""
    known = _manifest(publication_path)
    return {name: known.get(name) for name in ("publication_id", "as_of", "built_at")}


def _stored(publication_path: Path, what: str) -> dict[str, Any]:
    """What the publication's manifest says of its marts, by mart; older ones may say nothing."""
    known: dict[str, Any] = _manifest(publication_path).get(what, {})
    return known


def _manifest(publication_path: Path) -> dict[str, Any]:
    return read_manifest(publication_path.with_name(f"{publication_path.stem}.manifest.json"))


def _rules(connection: duckdb.DuckDBPyConnection, rule_ids: Sequence[str]) -> list[dict[str, Any]]:
    found = connection.execute(
        "select rule_id, title, wording, severity_before, severity_from, milestone, source_clause "
        "from dim_rule where len(?) = 0 or list_contains(?, rule_id) order by rule_id",
        [list(rule_ids), list(rule_ids)],
    )
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def notes(format: str) -> list[str]:
    """What a reader of the file has to know."""
    if format == "csv":
        return [
            "UTF-8 with byte order mark; dates as YYYY-MM-DD; an empty field has no value.",
            "Text that a spreadsheet would run as a formula has a leading apostrophe added.",
            "Identifiers such as MPANs are text: import them as text, or a spreadsheet drops "
            "zeros.",
        ]
    if format == "xlsx":
        return [
            "Values are as in the publication; an empty cell has no value.",
            "Text stays text: no cell is a formula or a link, whatever it begins with.",
            "Identifiers such as MPANs are text, so no digit is lost.",
        ]
    return ["Values are as in the publication, where an MPAN is a number."]


def main() -> int:
    """Worker process: a request on standard input, the manifest on standard output."""
    begin()
    request = json.load(sys.stdin)
    try:
        manifest = export(
            Path(request["publication_path"]),
            Path(request["out_path"]),
            request["filters"],
            request.get("columns"),
            request["format"],
            request["list_name"],
        )
    except (PipelineError, OSError, duckdb.Error) as error:
        print(error, file=sys.stderr)
        return 1
    json.dump(manifest, sys.stdout)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
