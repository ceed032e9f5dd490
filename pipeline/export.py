"""Export: every row of a list that the filters select, as one file with a manifest beside it.

The dashboard's page and the file use the same compiled condition (`condition`), so the rows in
the file are the rows that the page counts. The dashboard calls this module in a process of its
own (`python -m pipeline.export`, a request as JSON on standard input), so that a large export
takes no memory from the server.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import duckdb

from pipeline.errors import PipelineError
from pipeline.layout import replace_json

Filters = Mapping[str, Sequence[str]]
Kind = Literal["any_of", "from_day", "to_day", "yes"]

FORMATS = ("csv", "parquet")
NOT_NAMED = "-"
# Raise it when the same request gives other bytes: finished files of the old form are left.
FORM = 1
MEMORY_LIMIT = "512MB"

# What a spreadsheet would run as a formula (OWASP), full-width forms included.
FORMULA_START = r"^[ ]*[=+\-@\t\r\n\x00\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"
_FORMULA_HEADING = re.compile("[ ]*[=+\\-@\t\r\n\x00\uff1d\uff0b\uff0d\uff20]")
_BYTE_ORDER_MARK = "\ufeff"
_CHUNK = 1 << 20
_BY_SEVERITY = "list_position(['BREACH', 'WARNING', 'REVIEW', 'EXPOSURE', 'DATA'], severity)"


class ExportRefused(PipelineError):
    """The request names a list, filter, column or format that there is not."""

    exit_code = 2


@dataclass(frozen=True)
class Filter:
    """One way to narrow a list: a name for URLs and the command line, and what it tests."""

    label: str
    expression: str
    kind: Kind = "any_of"


@dataclass(frozen=True)
class ExportList:
    """A list that can be downloaded: a mart, its order and its filters."""

    name: str
    title: str
    mart: str
    order_by: tuple[str, ...]
    filters: Mapping[str, Filter]


LISTS: dict[str, ExportList] = {
    "exceptions": ExportList(
        name="exceptions",
        title="Exceptions",
        mart="fct_exception",
        order_by=(_BY_SEVERITY, "rule_id", "occurred_on", "exception_id"),
        filters={
            "rule_id": Filter("Rule", "rule_id"),
            "severity": Filter("Severity", "severity"),
            "status": Filter("Status", "status"),
            "mpid": Filter("Party", f"coalesce(mpid, '{NOT_NAMED}')"),
            "market_segment": Filter("Market segment", "market_segment"),
            "gsp_group_id": Filter("GSP group", "gsp_group_id"),
            "occurred_from": Filter("Occurred from", "occurred_on", "from_day"),
            "occurred_to": Filter("Occurred to", "occurred_on", "to_day"),
            "is_new": Filter("New since the last publication", "first_detected_on = as_of", "yes"),
        },
    ),
}


def parse_filters(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """`["rule_id=SUP-01", "severity=BREACH"]`, as on the command line, to filters.

    A name given twice selects rows with either value.
    """
    filters: dict[str, tuple[str, ...]] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise ExportRefused(f"Write a filter as NAME=VALUE, not {word!r}.")
        filters[name] = (*filters.get(name, ()), value)
    return filters


def condition(export_list: ExportList, filters: Filters) -> tuple[str, list[Any]]:
    """The SQL condition of the filters, values as parameters. No filters: `true`."""
    tests: list[str] = []
    values: list[Any] = []
    for name, chosen in sorted(filters.items()):
        known = export_list.filters.get(name)
        if known is None:
            raise ExportRefused(
                f"The list {export_list.name!r} has no filter {name!r}; it has: "
                f"{', '.join(export_list.filters)}."
            )
        if not chosen:
            continue
        if known.kind == "any_of":
            tests.append(f"{known.expression} in ({', '.join('?' for _ in chosen)})")
            values.extend(sorted(chosen))
        elif known.kind == "yes":
            if _is_yes(name, chosen):
                tests.append(known.expression)
        else:
            tests.append(f"{known.expression} {'>=' if known.kind == 'from_day' else '<='} ?")
            values.append(_day(name, chosen))
    return " and ".join(tests) or "true", values


def _is_yes(name: str, chosen: Sequence[str]) -> bool:
    if len(chosen) != 1 or chosen[0].lower() not in {"true", "false"}:
        raise ExportRefused(f"The filter {name!r} takes true or false, not {', '.join(chosen)}.")
    return chosen[0].lower() == "true"


def _day(name: str, chosen: Sequence[str]) -> date:
    try:
        (day,) = chosen
        return date.fromisoformat(day)
    except ValueError:
        raise ExportRefused(
            f"The filter {name!r} takes one day as YYYY-MM-DD, not {', '.join(chosen)}."
        ) from None


def in_words(export_list: ExportList, filters: Filters) -> str:
    """The filters as a person reads them."""
    parts = []
    for name, chosen in sorted(filters.items()):
        known = export_list.filters[name]
        if known.kind == "yes":
            parts += [known.label] if chosen and _is_yes(name, chosen) else []
        elif chosen:
            parts.append(f"{known.label}: {' or '.join(sorted(chosen))}")
    return "; ".join(parts) or "No filter: every row"


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
    if format not in FORMATS:
        raise ExportRefused(f"Unknown format {format!r}; there is: {', '.join(FORMATS)}.")
    if list_name not in LISTS:
        raise ExportRefused(f"Unknown list {list_name!r}; there is: {', '.join(LISTS)}.")
    export_list = LISTS[list_name]
    test, values = condition(export_list, filters)
    out_path.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=".export-", dir=out_path.parent) as scratch,
        closing(_open(publication_path, Path(scratch))) as connection,
    ):
        known = _columns(connection, export_list.mart)
        chosen = list(columns or known)
        if unknown := [name for name in chosen if name not in known]:
            raise ExportRefused(
                f"The list {list_name!r} has no column {', '.join(unknown)}; "
                f"it has: {', '.join(known)}."
            )
        part = Path(scratch) / "rows"
        text = {name for name in chosen if known[name][0] == "VARCHAR"} if format == "csv" else ()
        rows = connection.execute(
            f"copy (select {select_list(chosen, text, format)} from {export_list.mart} "
            f"where {test} order by {', '.join(export_list.order_by)}) "
            f"to {_literal(str(part))} {copy_options(format)}",
            values,
        ).fetchall()[0][0]
        target = out_path.with_name(out_path.name.replace("{rows}", str(rows)))
        manifest = {
            "list": list_name,
            "format": format,
            "file": target.name,
            "rows": rows,
            "bytes": part.stat().st_size,
            "sha256": _sha256(part),
            **about_publication(publication_path),
            "filters": {name: sorted(chosen) for name, chosen in sorted(filters.items()) if chosen},
            "filters_in_words": in_words(export_list, filters),
            "columns": {name: known[name][1] for name in chosen},
            "rules": _rules(connection, filters.get("rule_id", ())),
            "notes": notes(format),
        }
        part.replace(target)
    replace_json(target.with_name(f"{target.name}.manifest.json"), manifest)
    return manifest


def _open(publication_path: Path, scratch: Path) -> duckdb.DuckDBPyConnection:
    if not publication_path.exists():
        raise ExportRefused(f"There is no publication {publication_path}.")
    # Attached, not opened: a process that has the file open already may use other settings.
    connection = duckdb.connect(
        ":memory:", config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(scratch)}
    )
    connection.execute(f"attach {_literal(str(publication_path))} as publication (read_only)")
    connection.execute("use publication.marts")
    return connection


def _columns(connection: duckdb.DuckDBPyConnection, mart: str) -> dict[str, tuple[str, str | None]]:
    found = connection.execute(
        "select column_name, data_type, comment from duckdb_columns() "
        "where database_name = 'publication' and table_name = ? order by column_index",
        [mart],
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


def identifier(name: str) -> str:
    """A name as SQL writes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def copy_options(format: str) -> str:
    """What COPY is told about the format."""
    return (
        "(format csv, header, dateformat '%Y-%m-%d')"
        if format == "csv"
        else "(format parquet, compression zstd)"
    )


def about_publication(publication_path: Path) -> dict[str, Any]:
    """What a file's manifest says about the publication that its rows come from."""
    path = publication_path.with_name(f"{publication_path.stem}.manifest.json")
    known = json.loads(path.read_text("utf-8"))
    return {name: known.get(name) for name in ("publication_id", "as_of", "built_at")}


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
    if format != "csv":
        return ["Values are as in the publication."]
    return [
        "UTF-8 with byte order mark; dates as YYYY-MM-DD; an empty field has no value.",
        "Text that a spreadsheet would run as a formula has a leading apostrophe added.",
        "Identifiers such as MPANs are text: import them as text, or a spreadsheet drops zeros.",
    ]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def main() -> int:
    """Worker process: a request on standard input, the manifest on standard output."""
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
