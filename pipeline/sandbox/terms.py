"""The words that the asking process and the worker share. Imports nothing heavy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import PipelineError

Kind = Literal["refused", "unreadable", "failed", "limit"]

STATEMENT_LENGTH = 20_000


class BadQuestion(PipelineError):
    """No answer: the statement is not one that may be asked, is wrong, or asks for too much."""

    def __init__(self, message: str, kind: Kind = "failed") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Limits:
    """How much one question may take. None is as much as it likes."""

    seconds: float = 20.0
    memory_mb: int = 512
    address_space_mb: int | None = 2048
    rows: int | None = 10_000
    size: int | None = 10_000_000
    threads: int = 1

    def in_words(self) -> str:
        """What the page says beside the editor."""
        rows = "every row" if self.rows is None else f"the first {self.rows:,} rows"
        return f"At most {self.seconds:g} seconds and {self.memory_mb:,} MB of memory; {rows}."


@dataclass(frozen=True)
class Question:
    """One statement and what it may read.

    `publications` maps the name of a catalog (`p_<id>`) to a file; the tables of `home` need no
    prefix. With a `mask_key` MPANs, and what is made from them, are replaced by pseudonyms.
    """

    statement: str
    home: str
    publications: Mapping[str, Path]
    mask_key: str | None = field(default=None, repr=False)

    def request(self, limits: Limits) -> dict[str, Any]:
        """What the worker reads from its standard input."""
        from pipeline.mart_columns import personal

        return {
            "statement": self.statement,
            "home": self.home,
            "publications": {name: str(path) for name, path in self.publications.items()},
            "mask_key": self.mask_key,
            "personal": {} if self.mask_key is None else personal(),
            "limits": asdict(limits),
        }


def catalog_name(publication_id: str) -> str:
    """The name of a publication in SQL: `p_20261110_20261125t141918z_8b472ef9`."""
    return "p_" + re.sub(r"\W", "_", publication_id).lower()
