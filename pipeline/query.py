"""Questions of analysts: one SQL statement over a publication, read-only, beside the other kept."""

from __future__ import annotations

import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipeline.keeping import find
from pipeline.layout import Warehouse, replace_text
from pipeline.publication import Publication, current, publications
from pipeline.sandbox import asking, writing
from pipeline.sandbox.terms import BadQuestion, Limits, Question, catalog_name
from pipeline.sql_text import exact_path

__all__ = ["BadQuestion", "Limits", "ask", "ask_into_file", "name_of", "question", "write_opening"]

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
    """For who owns the machine: half of its memory, every core, every row, an hour."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Limits(
        seconds=3600,
        memory_mb=memory // 2_000_000,
        address_space_mb=None,
        rows=None,
        size=None,
        threads=os.cpu_count() or 2,
    )


def ask(warehouse: Warehouse, statement: str, publication_id: str | None = None) -> Values:
    """Names and types of columns, and the rows, MPANs in clear."""
    answer = asking.ask(question(warehouse, statement, publication_id), whole_machine())
    columns = [
        _in_python(column.to_pylist(), data_type)
        for column, data_type in zip(answer.table.columns, answer.types, strict=True)
    ]
    rows = list(zip(*columns, strict=True)) if columns else []
    return answer.columns, answer.types, rows


def ask_into_file(
    warehouse: Warehouse, statement: str, out: Path, file_format: str, publication_id: str | None
) -> dict[str, Any]:
    """Every row of the answer in a file, MPANs in clear; gives the file's manifest."""
    asked = question(warehouse, statement, publication_id)
    return writing.write(asked, whole_machine(), out, file_format)


def _in_python(values: Sequence[Any], data_type: str) -> list[Any]:
    """A sum of whole numbers is a HUGEINT, which Arrow carries as a decimal."""
    if data_type != "HUGEINT":
        return list(values)
    return [int(value) if isinstance(value, Decimal) else value for value in values]


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
