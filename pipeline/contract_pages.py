"""The contract of the extracts for those who produce them: pages, dbt sources, sample files.

All of it is made from `pipeline.contracts`; `make contracts` writes what is checked in.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

from pipeline.contracts import CHANGE_TYPE, EXTRACTS, Column, Extract, Kind
from pipeline.errors import PipelineError
from pipeline.intake.checks import allowed_values
from pipeline.layout import PROJECT
from pipeline.sql_text import literal

DOCS = PROJECT / "docs" / "extracts.md"
SOURCES = PROJECT / "models" / "staging" / "_extracts.yml"

FILES = """\
  {name}/{name}_full_YYYYMMDD.csv
      all that is true as known on the day
  {name}/{name}_delta_YYYYMMDD.csv
      changes since, with one more column: change_type, U or D
  .csv.gz, .csv.zst and .parquet too. _NN after the day orders several of it.
  UTF-8, comma, header row, RFC 4180 quotes; empty = null; nothing is trimmed.
  Dates YYYY-MM-DD, YYYYMMDD or DD/MM/YYYY, one form per column. Every
  effective_to is the last inclusive day. Timestamps: ISO 8601 with offset.
  Beside a file, if you like: <file>.manifest.json {{"rows": n, "sha256": "..."}}"""

_WORDS = {
    Kind.MPID: "4 of A-Z0-9",
    Kind.MPAN: "13 digits",
    Kind.TEXT: "text",
    Kind.DIGITS_2: "2 digits",
    Kind.DATE: "date",
    Kind.TIMESTAMP: "timestamp with offset",
    Kind.BOOLEAN: "T F true false 1 0, any case",
    Kind.NUMBER: "number, 0 or more",
}
_SAMPLES = {
    Kind.MPID: "ALDR",
    Kind.MPAN: "2000056535971",
    Kind.TEXT: "Example",
    Kind.DIGITS_2: "10",
    Kind.DATE: "2026-09-01",
    Kind.TIMESTAMP: "2026-07-01T23:00:00+00:00",
    Kind.BOOLEAN: "T",
    Kind.NUMBER: "3100.5",
}
_DAY = "20260918"


def type_in_words(column: Column) -> str:
    """What a value of the column looks like."""
    match column.kind:
        case Kind.CHOICE:
            return "one of " + " ".join(allowed_values(column))
        case Kind.HEAD:
            return column.description
        case Kind.LETTERS:
            return "letters of " + "".join(column.values)
        case Kind.ID:
            return f"text, {column.max_length} characters at most"
        case _:
            return _WORDS[column.kind]


def document(extract: Extract) -> dict[str, Any]:
    """The contract of one extract, for machines."""
    return {
        "extract": extract.name,
        "description": extract.description,
        "key": list(extract.key),
        "columns": [
            {
                "name": column.name,
                "required": column.required,
                "type": column.kind.value,
                "in_words": type_in_words(column),
                "values": list(allowed_values(column)) or None,
                "max_length": column.max_length,
                "description": column.description,
            }
            for column in extract.columns
        ],
        "delta": {"name": CHANGE_TYPE.name, "values": list(CHANGE_TYPE.values)},
    }


def columns_markdown(extract: Extract) -> str:
    """The table of columns, as it stands in the docs."""
    lines = ["| column | type | notes |", "|---|---|---|"]
    for column in extract.columns:
        name = f"**{column.name}**" if column.name in extract.key else column.name
        sign = "!" if column.required else "?"
        lines.append(f"| {name} {sign} | {type_in_words(column)} | {column.description} |")
    return "\n".join(lines)


def docs_page(page: str) -> str:
    """A page with the table of each extract between its markers made anew."""
    for extract in EXTRACTS.values():
        begin, end = f"<!-- columns of {extract.name} -->", "<!-- end -->"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        table = f"{begin}\n{columns_markdown(extract)}\n{end}"
        page, found = pattern.subn(table.replace("\\", r"\\"), page)
        if found != 1:
            raise PipelineError(f"{DOCS} must hold {begin} ... {end} exactly once.")
    return page


def sources_yaml() -> str:
    """The dbt sources: the state of every extract, with its columns and their types."""
    lines = [
        "# Made by `make contracts` from pipeline/contracts.py.",
        "sources:",
        "  - name: raw",
        "    tables:",
    ]
    for extract in EXTRACTS.values():
        lines += [
            f"      - name: {extract.name}",
            f"        description: {literal(_grain(extract))}",
            "        columns:",
        ]
        for column in extract.columns:
            lines += [
                f"          - name: {column.name}",
                f"            data_type: {extract.type_inside(column)}",
                f"            description: {literal(column.description)}",
            ]
    return "\n".join(lines) + "\n"


def write_checked_in() -> None:
    """Write the pages that are kept in the repository."""
    DOCS.write_text(docs_page(DOCS.read_text("utf-8")), "utf-8")
    SOURCES.write_text(sources_yaml(), "utf-8")


def write_samples(extract: Extract, folder: Path) -> list[Path]:
    """Write a full and a delta of one row each, with manifests, in a landing folder."""
    row = {column.name: sample(column) for column in extract.columns}
    target = folder / extract.name
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for kind, fields in (("full", row), ("delta", {CHANGE_TYPE.name: "U"} | row)):
        path = target / f"{extract.name}_{kind}_{_DAY}.csv"
        sink = io.StringIO()
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerows([fields.keys(), fields.values()])
        content = sink.getvalue().encode()
        path.write_bytes(content)
        manifest = {"rows": 1, "sha256": hashlib.sha256(content).hexdigest()}
        path.with_name(f"{path.name}.manifest.json").write_text(json.dumps(manifest) + "\n")
        written.append(path)
    return written


def sample(column: Column) -> str:
    """A value that the contract allows; an open interval has none."""
    if column.name == "effective_to":
        return ""
    match column.kind:
        case Kind.CHOICE:
            return allowed_values(column)[0]
        case Kind.LETTERS:
            return "".join(column.values)
        case Kind.ID:
            return f"{column.name.partition('_')[0].upper()}-1"
        case _:
            return _SAMPLES[column.kind]


def _grain(extract: Extract) -> str:
    return f"One row per {', '.join(extract.key)}. {extract.description}"


if __name__ == "__main__":
    write_checked_in()
