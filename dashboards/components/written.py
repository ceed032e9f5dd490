"""Words for each cell of a column, made outside Polars.

Not by `map_elements`: its threads wait for Python's lock, and who holds the lock may be a reader
whose table waits for those threads. Then the server stands still for everybody, for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl


def written(name: str, values: pl.Series, words: Callable[[Any], str | None]) -> pl.Series:
    """A column of words, under this name; what is missing stays missing."""
    cells = [None if value is None else words(value) for value in values.to_list()]
    return pl.Series(name, cells, pl.String)
