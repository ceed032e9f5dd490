"""Random numbers that depend on (seed, purpose, Metering Point) and on nothing else.

A counter-based generator (SplitMix64 over the point number, with a key per purpose) instead of a
stream: the draw of a point is the same whichever points are generated with it, in what order, by
how many threads, so the market can be cut into chunks and files freely.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import polars as pl

_WEYL = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB

BINS = 65_536


def _u64(value: int) -> pl.Expr:
    return pl.lit(value, dtype=pl.UInt64)


class Draws:
    """All random draws of one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def key(self, *purpose: object) -> int:
        """The 64-bit key of a purpose."""
        text = "|".join(str(part) for part in (self.seed, *purpose))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")

    def number(self, *purpose: object) -> float:
        """One draw from [0, 1) for something that is not a Metering Point."""
        return (self.key(*purpose) >> 11) * 2.0**-53

    def below(self, limit: int, *purpose: object) -> int:
        """One whole number from 0 to `limit` - 1, for something that is not a Metering Point."""
        return int(self.number(*purpose) * limit)

    def uniform(self, *purpose: object) -> pl.Expr:
        """A draw from [0, 1) for every row, by its column `point` (UInt64)."""
        # Polars has no shift operator; multiplication wraps, as the algorithm wants.
        z = pl.col("point") * _u64(_WEYL) + _u64(self.key(*purpose))
        z = (z ^ (z // _u64(1 << 30))) * _u64(_MIX_1)
        z = (z ^ (z // _u64(1 << 27))) * _u64(_MIX_2)
        z = z ^ (z // _u64(1 << 31))
        return (z // _u64(1 << 11)).cast(pl.Float64) * 2.0**-53

    def days(self, limit: int, *purpose: object) -> pl.Expr:
        """A whole number from 0 to `limit` - 1 for every row."""
        return (self.uniform(*purpose) * limit).cast(pl.Int32)

    def chance(self, probability: float | pl.Expr, *purpose: object) -> pl.Expr:
        """True with the given probability, for every row."""
        return self.uniform(*purpose) < probability


def bins(weights: Sequence[float], size: int = BINS) -> list[int]:
    """Indexes of `weights` spread over `size` equal bins in proportion, cumulatively rounded."""
    total = sum(weights)
    result: list[int] = []
    cumulated = 0.0
    for index, weight in enumerate(weights):
        cumulated += weight
        result.extend([index] * (round(cumulated / total * size) - len(result)))
    return result


def pick(table: pl.Series, position: pl.Expr) -> pl.Expr:
    """The entries of a small table at the given positions."""
    return pl.lit(table).gather(position.cast(pl.UInt32))
