"""The migration plan: how much of each segment is migrated by when, and what that asks of a point.

The published course of the migration is turned into a hazard: the rate at which Metering Points
held by Qualified Suppliers migrate on a day. A point migrates when the hazard it has been exposed
to, day by day with whoever holds it, reaches its own (exponentially drawn) threshold. So the market
follows the published curve, no point migrates while its holder is not Qualified, and a Switch on
the way needs no special case.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from pipeline.simulate import days
from pipeline.simulate.cast import SEGMENT_OF_CLASS, SEGMENTS, SUPPLIERS
from pipeline.simulate.days import day
from pipeline.simulate.points import CLASS_SHARES

# Share of all Metering Points migrated by the end of a day.
ALL_POINTS = (
    ("2025-10-21", 0.0),
    ("2025-12-31", 0.015),
    ("2026-02-28", 0.085),
    ("2026-05-26", 0.27),
    ("2026-07-03", 0.42),
    ("2026-07-22", 0.50),
    ("2026-09-18", 0.685),
    ("2026-10-28", 0.80),
    ("2027-01-31", 0.915),
    ("2027-05-07", 0.985),
    ("2028-12-31", 0.992),
)
# Advanced and Unmetered points follow later, so energy lags counts.
LATER_SEGMENTS = {
    "A": (
        ("2025-10-21", 0.0),
        ("2026-05-26", 0.02),
        ("2026-07-03", 0.035),
        ("2026-09-18", 0.08),
        ("2026-10-28", 0.20),
        ("2027-01-31", 0.58),
        ("2027-05-07", 0.97),
        ("2028-12-31", 0.99),
    ),
    "U": (
        ("2025-10-21", 0.0),
        ("2026-05-26", 0.05),
        ("2026-09-18", 0.22),
        ("2026-10-28", 0.38),
        ("2027-05-07", 0.97),
        ("2028-12-31", 0.99),
    ),
}
# No more than this part of the points that could migrate does so on one day.
_AT_MOST = 0.35


def _interpolated(anchors: Sequence[tuple[str, float]]) -> list[float]:
    """The migrated share on each tabulated day: it grows on Migration Days alone."""
    result = [0.0] * days.TABLE_DAYS
    points = [(day(iso), share) for iso, share in anchors]
    for (start, low), (end, high) in pairwise(points):
        working = [number for number in range(start + 1, end + 1) if days.is_migration_day(number)]
        for number in range(start + 1, end + 1):
            passed = sum(1 for other in working if other <= number)
            result[number - days.TABLE_FROM] = low + (high - low) * passed / len(working)
    return result


def target_shares() -> dict[str, list[float]]:
    """By segment, the share of its points to be migrated by the end of each tabulated day."""
    result = {segment: _interpolated(anchors) for segment, anchors in LATER_SEGMENTS.items()}
    of_segment = dict.fromkeys(SEGMENTS, 0.0)
    for share, segment in zip(CLASS_SHARES, SEGMENT_OF_CLASS, strict=True):
        of_segment[SEGMENTS[segment]] += share
    smart = []
    for number, share in enumerate(_interpolated(ALL_POINTS)):
        others = sum(of_segment[segment] * result[segment][number] for segment in result)
        smart.append((share - others) / of_segment["S"])
    return {"S": smart, **result}


@dataclass(frozen=True)
class MigrationPlan:
    """Qualification and cumulated hazard of every Supplier, segment and tabulated day.

    `hazard` is one rising series: the block of a Supplier and segment begins `OFFSET` above the one
    before it, so that one binary search finds a day within any block.
    """

    qualified: pl.Series
    hazard: pl.Series

    OFFSET = 1024.0

    @staticmethod
    def block(supplier: pl.Expr, segment: pl.Expr) -> pl.Expr:
        """The block of a Supplier and a segment."""
        return supplier.cast(pl.Int32) * len(SEGMENTS) + segment.cast(pl.Int32)

    @staticmethod
    def position(block: pl.Expr, number: pl.Expr) -> pl.Expr:
        """The position of a day within a block, kept inside the table."""
        inside = (number - days.TABLE_FROM).clip(0, days.TABLE_DAYS - 1)
        return (block * days.TABLE_DAYS + inside).cast(pl.UInt32)

    def is_qualified(self, supplier: pl.Expr, segment: pl.Expr, number: pl.Expr) -> pl.Expr:
        """Whether a Supplier is Qualified for a segment on a day."""
        return pl.lit(self.qualified).gather(self.position(self.block(supplier, segment), number))

    def hazard_by(self, block: pl.Expr, number: pl.Expr) -> pl.Expr:
        """The cumulated hazard (with the offset of the block) by the end of a day."""
        return pl.lit(self.hazard).gather(self.position(block, number))

    def day_of(self, block: pl.Expr, hazard: pl.Expr) -> pl.Expr:
        """The first day on which the cumulated hazard of a block reaches a value."""
        found = pl.lit(self.hazard).search_sorted(hazard, side="left").cast(pl.Int32)
        return found - block * days.TABLE_DAYS + days.TABLE_FROM


def _shares(segment: int) -> list[float]:
    """Each Supplier's share of the points of a segment."""
    result = [0.0] * len(SUPPLIERS)
    for kind, share in enumerate(CLASS_SHARES):
        if SEGMENT_OF_CLASS[kind] != segment:
            continue
        total = sum(supplier.shares[kind] for supplier in SUPPLIERS)
        for index, supplier in enumerate(SUPPLIERS):
            result[index] += share * supplier.shares[kind] / total
    total = sum(result)
    return [share / total for share in result]


def migration_plan(qualified: list[list[bool]]) -> MigrationPlan:
    """The plan that makes the market follow the target shares, given who is Qualified when."""
    targets = target_shares()
    cumulated = [[0.0] * days.TABLE_DAYS for _ in qualified]
    for segment, name in enumerate(SEGMENTS):
        weights = _shares(segment)
        blocks = [index * len(SEGMENTS) + segment for index in range(len(SUPPLIERS))]
        migrated = [0.0] * len(SUPPLIERS)
        hazards = [0.0] * len(SUPPLIERS)
        for number in range(days.TABLE_DAYS):
            able = [index for index, block in enumerate(blocks) if qualified[block][number]]
            reachable = sum(weights[index] * (1 - migrated[index]) for index in able)
            done = sum(weight * share for weight, share in zip(weights, migrated, strict=True))
            missing = targets[name][number] - done
            part = min(max(missing, 0.0) / reachable, _AT_MOST) if reachable > 0 else 0.0
            if not days.is_migration_day(number + days.TABLE_FROM):
                part = 0.0
            for index in able:
                migrated[index] += part * (1 - migrated[index])
                hazards[index] -= math.log1p(-part)
            for index, block in enumerate(blocks):
                cumulated[block][number] = hazards[index]
    flat = [
        value + MigrationPlan.OFFSET * block
        for block, values in enumerate(cumulated)
        for value in values
    ]
    return MigrationPlan(
        qualified=pl.Series([flag for block in qualified for flag in block], dtype=pl.Boolean),
        hazard=pl.Series(flat, dtype=pl.Float64),
    )
