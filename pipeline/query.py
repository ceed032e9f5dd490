"""Questions of analysts: one SQL statement over a publication, read-only, beside the other kept."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import duckdb

from pipeline.errors import PipelineError
from pipeline.keeping import find
from pipeline.layout import Warehouse, replace_text
from pipeline.publication import Publication, current, open_current, publications

Answer = tuple[list[str], list[str], list[tuple[Any, ...]]]


class BadQuestion(PipelineError):
    """The statement is no SQL that a publication can answer."""


def name_of(publication: Publication) -> str:
    """The name under which a publication is attached."""
    return "p_" + publication.publication_id.replace("-", "_").lower()


def ask(warehouse: Warehouse, statement: str, publication_id: str | None = None) -> Answer:
    """Names and types of columns, and the rows."""
    if publication_id:
        asked = find(warehouse, publication_id)
        opened = duckdb.connect(str(asked.path), read_only=True)
    else:
        asked, opened = open_current(warehouse)
    others = [p for p in publications(warehouse) if p.publication_id != asked.publication_id]
    with closing(opened) as connection:
        connection.execute("set TimeZone = 'UTC'")
        home = connection.execute("select current_database()").fetchone()
        assert home is not None
        for sql in _views(others):
            connection.execute(sql)
        connection.execute(f"""set search_path = '"{home[0]}".marts'""")
        connection.execute("set enable_external_access = false")
        try:
            relation = connection.sql(statement)
            if relation is None:
                raise BadQuestion("The statement gives no rows; ask with SELECT or FROM.")
            return relation.columns, [str(t) for t in relation.types], relation.fetchall()
        except duckdb.Error as error:
            raise BadQuestion(str(error)) from None


def write_opening(warehouse: Warehouse) -> None:
    """Write `published/open.sql`: what the duckdb command line needs to see every publication.

    Its marts by their names, those of another kept one as `p_<id>.marts.<mart>`.
    """
    asked = current(warehouse)
    others = [p for p in publications(warehouse) if p.publication_id != asked.publication_id]
    lines = [
        "-- duckdb -init published/open.sql",
        f"attach '{_path(asked)}' as current_publication (read_only);",
        *(f"{sql};" for sql in _views(others)),
        "set search_path = 'current_publication.marts';",
    ]
    replace_text(warehouse.published / "open.sql", "\n".join(lines) + "\n")


def _path(publication: Publication) -> str:
    return str(publication.path.resolve()).replace("'", "''")


def _views(others: list[Publication]) -> list[str]:
    """Attach each; a schema of views would need a database that can be written."""
    return [f"attach '{_path(each)}' as {name_of(each)} (read_only)" for each in others]
