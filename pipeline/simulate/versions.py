"""Versions: what the market knew about a row, and from when until when.

Every extract is generated as versions of rows with three extra columns: the version is known from
the day `known_from` up to the day before `known_to`, and `deletes` says that nothing replaces it
then. One timeline of versions is cut by knowledge day into the full and the deltas, so that a full
of day D and a full of an earlier day with its deltas up to D describe the same market.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

KNOWN_FROM, KNOWN_TO, DELETES = "known_from", "known_to", "deletes"
KNOWLEDGE = (KNOWN_FROM, KNOWN_TO, DELETES)


@dataclass(frozen=True)
class Window:
    """The days of knowledge to be written: a full on `first`, deltas up to and on `last`."""

    first: int
    last: int

    def touches(self) -> pl.Expr:
        """Versions that any file of the window needs."""
        return (
            (pl.col(KNOWN_FROM) < pl.col(KNOWN_TO))
            & (pl.col(KNOWN_FROM) <= self.last)
            & (pl.col(KNOWN_TO) > self.first)
        )

    def full(self, versions: pl.DataFrame) -> pl.DataFrame:
        """The versions that stand on the first day."""
        return versions.filter((pl.col(KNOWN_FROM) <= self.first) & (pl.col(KNOWN_TO) > self.first))

    def changes(self, versions: pl.DataFrame) -> pl.DataFrame:
        """The changes after the first day, with the columns `change_type` and `day`."""
        replaced = versions.filter(pl.col(KNOWN_FROM).is_between(self.first + 1, self.last))
        deleted = versions.filter(
            pl.col(DELETES) & pl.col(KNOWN_TO).is_between(self.first + 1, self.last)
        )
        return pl.concat(
            [
                replaced.with_columns(change_type=pl.lit("U"), day=pl.col(KNOWN_FROM)),
                deleted.with_columns(change_type=pl.lit("D"), day=pl.col(KNOWN_TO)),
            ]
        )


def from_rows(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> pl.DataFrame:
    """Versions of a small extract from dictionaries; every value is text as in the file."""
    schema: dict[str, Any] = dict.fromkeys(columns, pl.String)
    schema |= {KNOWN_FROM: pl.Int32, KNOWN_TO: pl.Int32, DELETES: pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row").filter(
        pl.col(KNOWN_FROM) < pl.col(KNOWN_TO)
    )
