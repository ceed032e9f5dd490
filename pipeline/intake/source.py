"""What a reader gives: the rows of one file as text columns that DuckDB can read.

This is the seam for other formats: an adapter that gives a `Source` gets the checks, the
quarantine, the counts and the lake for nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import duckdb
import numpy as np
import numpy.typing as npt

from pipeline.contracts import Column, Extract
from pipeline.intake.checks import columns_of
from pipeline.sql_text import identifier

# Places of rows in a file, the first row being 0.
Ordinals = npt.NDArray[np.int64]


class Refused(Exception):
    """The file is refused whole: `code` of the contract, `detail` for a person."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Misaligned(Exception):
    """The rows that were read are not the lines that were counted."""


class Source(Protocol):
    """The rows of one file."""

    header: Sequence[str]

    def read_through(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Raise duckdb.Error if something in the file that was not looked at cannot be read."""
        ...

    def text_sql(self, columns: Sequence[Column]) -> str:
        """A query of these columns as text (null where empty or absent) and `is_whole`, in order,
        to be read once.

        Rows without as many fields as the header may be left out: see `missing`.
        """
        ...

    def missing(self, connection: duckdb.DuckDBPyConnection, rows: int) -> Ordinals:
        """The places in the file (from 0) of the rows that were left out, ascending.

        Asked after the file was read to the end and gave `rows` rows.
        """
        ...

    def details(
        self, connection: duckdb.DuckDBPyConnection, ordinals: Ordinals, target: Path
    ) -> None:
        """Write Parquet (ordinal, line, row_text, content) of the rows at these places, ascending.

        `content` is one spelling for all rows that agree in every field.
        """
        ...


def check_header(header: Sequence[str], extract: Extract, kind: str) -> None:
    """Refuse a header that lacks a required column or has a name twice."""
    required = [column.name for column in columns_of(extract, kind) if column.required]
    missing = [name for name in required if name not in header]
    if missing:
        raise Refused(
            "MISSING_COLUMN",
            f"it has no column {', '.join(missing)}; names count to the letter.",
        )
    if len(set(header)) < len(header):
        twice = next(name for name, times in Counter(header).items() if times > 1)
        raise Refused("MISSING_COLUMN", f"the column {twice!r} occurs twice in its header.")


def unknown_columns(header: Sequence[str], extract: Extract, kind: str) -> list[str]:
    """The names that the contract does not know, as they stand in the file."""
    known = {column.name for column in columns_of(extract, kind)}
    return [name for name in header if name not in known]


def select_texts(header: Sequence[str], columns: Sequence[Column], rest: str) -> str:
    """`text_sql` over a relation whose columns are c0, c1, … in the order of the header."""
    position = {name: i for i, name in enumerate(header)}
    texts = [
        f"c{position[c.name]} AS {identifier(c.name)}"
        if c.name in position
        else f"NULL::VARCHAR AS {identifier(c.name)}"
        for c in columns
    ]
    return f"SELECT {', '.join(texts)}, {rest}"
