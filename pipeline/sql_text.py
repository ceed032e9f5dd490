"""Text and paths as SQL literals: the only way in which a path gets into SQL.

DuckDB reads a path as a pattern (`*`, `?`, `[`) where it reads files, and to the letter where it
writes, attaches or is given a setting. So there are two functions for paths, and no third way.
"""

from __future__ import annotations

import os
from pathlib import Path


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def read_path(path: str | os.PathLike[str]) -> str:
    """The literal of one file for `read_parquet`, `read_csv` and `FROM`, which expand patterns."""
    text = str(Path(path).absolute())
    return literal("".join(f"[{c}]" if c in "*?[" else c for c in text))


def exact_path(path: str | os.PathLike[str]) -> str:
    """The literal of one file for `COPY ... TO`, `ATTACH` and settings, which expand nothing."""
    return literal(str(Path(path).absolute()))


def identifier(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def mpan_text(expression: str) -> str:
    """An MPAN, a number inside, as the 13 digits that people read; `mpan_text` of the models."""
    return f"lpad(cast({expression} as varchar), 13, '0')"


def severity_rank(column: str) -> str:
    """The rank of a severity, 1 for the gravest; `severity_rank` of the models."""
    return f"list_position(['BREACH', 'WARNING', 'REVIEW', 'EXPOSURE', 'DATA'], {column})"
