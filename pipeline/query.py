"""Questions of analysts: one SQL statement over a publication, read-only, beside the other kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipeline import machine
from pipeline.keeping import find
from pipeline.layout import Warehouse, replace_text
from pipeline.publication import Publication, current, publications
from pipeline.sandbox import asking, writing
from pipeline.sandbox.terms import BadQuestion, Limits, Question, catalog_name
from pipeline.sql_text import exact_path

__all__ = ["BadQuestion", "Limits", "ask", "ask_into_file", "name_of", "question", "write_opening"]

_BEYOND_PYTHON = re.compile(r"(?:DATE|TIMESTAMP(?: WITH TIME ZONE)?|HUGEINT)((?:\[\])*)")

Values = tuple[list[str], list[str], list[tuple[Any, ...]]]


def name_of(publication: Publication) -> str:
    """The name under which a publication is attached."""
    return catalog_name(publication.publication_id)


def question(
    warehouse: Warehouse,
    statement: str,
    publication_id: str | None = None,
    mask_key: str | None = None,
) -> Question:
    """A statement on a publication, by default the current one, beside the other kept."""
    asked = find(warehouse, publication_id) if publication_id else current(warehouse)
    kept = {name_of(each): each.path.resolve() for each in publications(warehouse)}
    return Question(statement, name_of(asked), kept, mask_key)


def whole_machine() -> Limits:
    """For the operator: half of the memory and every core of this process, every row, an hour."""
    return Limits(
        seconds=3600,
        memory_mb=machine.memory() // 2_000_000,
        address_space_mb=None,
        rows=None,
        size=None,
        threads=machine.cores(),
    )


def ask(warehouse: Warehouse, statement: str, publication_id: str | None = None) -> Values:
    """Names and types of columns, and the rows, MPANs in clear."""
    answer = asking.ask(question(warehouse, statement, publication_id), whole_machine())
    return answer.columns, answer.types, in_python(answer.table, answer.types)


def ask_into_file(
    warehouse: Warehouse, statement: str, out: Path, file_format: str, publication_id: str | None
) -> dict[str, Any]:
    """Every row of the answer in a file, MPANs in clear; gives the file's manifest."""
    asked = question(warehouse, statement, publication_id)
    return writing.write(asked, whole_machine(), out, file_format)


def in_python(table: pa.Table, types: Sequence[str]) -> list[tuple[Any, ...]]:
    """Rows of Python values; days and instants as text, since Python has not all of DuckDB's."""
    columns = []
    with closing(duckdb.connect(":memory:")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for column, data_type in zip(table.columns, types, strict=True):
            if beyond := _BEYOND_PYTHON.fullmatch(data_type):
                connection.register("answer", pa.table({"value": column}))
                cast = f"cast(value as VARCHAR{beyond[1]})"
                relation = connection.sql(f"select {cast} as value from answer")
                column = relation.to_arrow_table()["value"]
            values = column.to_pylist()
            columns.append(map(_whole, values) if data_type.startswith("HUGEINT") else values)
    return list(zip(*columns, strict=True))


def _whole(value: Any) -> Any:
    """A sum of whole numbers is a HUGEINT, which Arrow carries as a decimal, and JSON as itself."""
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return None if value is None else int(value)


def write_opening(warehouse: Warehouse) -> None:
    """Write `published/open.sql`: what the duckdb command line needs to see every publication.

    Its marts by their names, those of another kept one as `p_<id>.marts.<mart>`.
    """
    asked = current(warehouse)
    others = [p for p in publications(warehouse) if p.publication_id != asked.publication_id]
    lines = [
        "-- duckdb -init published/open.sql",
        f"attach {exact_path(asked.path.resolve())} as current_publication (read_only);",
        *(
            f"attach {exact_path(each.path.resolve())} as {name_of(each)} (read_only);"
            for each in others
        ),
        "set search_path = 'current_publication.marts';",
    ]
    replace_text(warehouse.published / "open.sql", "\n".join(lines) + "\n")
