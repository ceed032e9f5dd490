"""Migration and Reverse Migration: the regime of every Metering Point from M11 on."""

from __future__ import annotations

import polars as pl

from pipeline.simulate.days import FIRST_MHHS_SLOT, FOREVER, M11, M14, SLOTS, day
from pipeline.simulate.migration_plan import MigrationPlan
from pipeline.simulate.randomness import Draws
from pipeline.simulate.versions import Window

# A period is the time with one holder; period 0 is that of the holder at the start of migration.
PERIODS = SLOTS - FIRST_MHHS_SLOT + 2
_GAIN_MIGRATES = 0.25  # an un-migrated point gained by a Qualified Supplier migrates on gain (MCS)
_GAIN_FROM = day("2026-01-05")
_WITHOUT_CAUSE = 0.0015  # Reverse Migrations although the new Supplier is Qualified
_REVERSED_AFTER_M14 = 0.1
_FORWARD_WITHOUT_QUALIFICATION = 0.004
_LATE = 0.02

DIRECTIONS = ("FORWARD", "REVERSE")
SCENARIOS = ("MCA", "MCS")


def slot_of(period: int) -> int:
    """The slot whose Switch begins a period; that of period 0 is over before migration starts."""
    return FIRST_MHHS_SLOT - 1 + period


def _threshold(draws: Draws, period: int) -> pl.Expr:
    return -(1 - draws.uniform("hazard", period)).log()


def regimes(draws: Draws, plan: MigrationPlan, histories: pl.DataFrame) -> pl.DataFrame:
    """The histories with, per period, what happens to the regime.

    Columns of period n: `begins_n` (null when no holder's period begins in that slot), `migrated_n`
    (whether the point comes into it under MHHS), `reverse_n` and `forward_n` (day or null) and
    `scenario_n`.
    """
    frame = histories.with_columns(
        migrated=pl.lit(False),
        threshold=_threshold(draws, 0),
        segment=pl.col("segment").cast(pl.Int32),
    )
    for period in range(PERIODS):
        slot = slot_of(period)
        holder, segment = pl.col(f"holder_{slot}"), pl.col("segment")
        if period == 0:
            begins = pl.max_horizontal(pl.col("first_day"), pl.lit(M11, dtype=pl.Int32))
            begins = pl.when(begins < pl.col(f"next_{slot}").fill_null(FOREVER)).then(begins)
        else:
            begins = pl.when(pl.col(f"switch_{slot}")).then(pl.col(f"day_{slot}"))
        ends = pl.min_horizontal(
            pl.col(f"next_{slot}").fill_null(FOREVER), pl.col("terminated").fill_null(FOREVER)
        )
        frame = frame.with_columns(
            begins=begins, ends=ends, block=MigrationPlan.block(holder, segment)
        ).with_columns(
            qualified=plan.is_qualified(holder, segment, pl.col("begins").fill_null(M11)),
            hazard=plan.hazard_by(pl.col("block"), pl.col("begins").fill_null(M11) - 1),
            exposed=plan.hazard_by(pl.col("block"), pl.col("ends") - 1),
        )
        frame = _reverse(draws, frame, period)
        frame = _forward(draws, plan, frame, period)
    return frame.drop(
        "migrated", "threshold", "begins", "ends", "block", "qualified", "hazard", "exposed"
    )


def _reverse(draws: Draws, frame: pl.DataFrame, period: int) -> pl.DataFrame:
    """A migrated point goes back to legacy when a Supplier that is not Qualified gains it."""
    begins, before_m14 = pl.col("begins"), pl.col("begins") < M14
    cause = ~pl.col("qualified") & (
        before_m14 | draws.chance(_REVERSED_AFTER_M14, "reverse after M14", period)
    )
    no_cause = pl.col("qualified") & before_m14 & draws.chance(_WITHOUT_CAUSE, "no cause", period)
    gained = pl.lit(period > 0)
    reverse = pl.when(gained & pl.col("migrated") & (cause | no_cause)).then(begins)
    return frame.with_columns(
        begins.alias(f"begins_{period}"),
        pl.col("migrated").alias(f"migrated_{period}"),
        reverse.alias(f"reverse_{period}"),
    ).with_columns(
        migrated=pl.col("migrated") & pl.col(f"reverse_{period}").is_null(),
        threshold=pl.when(pl.col(f"reverse_{period}").is_not_null())
        .then(_threshold(draws, period))
        .otherwise(pl.col("threshold")),
    )


def _forward(draws: Draws, plan: MigrationPlan, frame: pl.DataFrame, period: int) -> pl.DataFrame:
    """A point migrates on gain, or when its exposure to the holder's migration is enough."""
    begins, ends = pl.col("begins"), pl.col("ends")
    can = begins.is_not_null() & ~pl.col("migrated")
    reached = pl.col("hazard") + pl.col("threshold")
    in_plan = can & (pl.col("exposed") >= reached)
    # The search is costly: only the points that migrate in this period are looked up.
    found = frame.filter(in_plan).select(
        "point", planned=plan.day_of(pl.col("block"), reached).cast(pl.Int32)
    )
    frame = frame.join(found, on="point", how="left", maintain_order="left")
    on_gain = pl.lit(False)
    if period > 0:
        on_gain = (
            can
            & pl.col("qualified")
            & (begins >= _GAIN_FROM)
            & draws.chance(_GAIN_MIGRATES, "migrates on gain", period)
        )
    wrongly = pl.max_horizontal(
        begins + 20, pl.lit(day("2026-02-01")) + draws.days(300, "forward at all", period)
    )
    is_wrong = (
        can
        & (wrongly < ends)
        & ~plan.is_qualified(pl.col(f"holder_{slot_of(period)}"), pl.col("segment"), wrongly)
        & draws.chance(_FORWARD_WITHOUT_QUALIFICATION, "not Qualified", period)
    )
    forward = (
        pl.when(on_gain)
        .then(begins)
        .when(pl.col("planned").is_not_null())
        .then(pl.col("planned"))
        .when(is_wrong)
        .then(wrongly)
        .cast(pl.Int32)
    )
    is_gain = (forward == begins) & (period > 0)
    return (
        frame.with_columns(
            forward.alias(f"forward_{period}"),
            pl.when(is_gain).then(1).otherwise(0).cast(pl.Int8).alias(f"scenario_{period}"),
        )
        .with_columns(
            migrated=pl.col("migrated") | pl.col(f"forward_{period}").is_not_null(),
            threshold=pl.when(begins.is_not_null())
            .then(pl.col("threshold") - (pl.col("exposed") - pl.col("hazard")))
            .otherwise(pl.col("threshold")),
        )
        .drop("planned")
    )


MIGRATION_VERSION = pl.Schema(
    {
        "point": pl.UInt64,
        "direction": pl.Int8,
        "effective_from": pl.Int32,
        "scenario": pl.Int8,
        "supplier": pl.Int16,
        "known_from": pl.Int32,
        "known_to": pl.Int32,
        "deletes": pl.Boolean,
    }
)


def migration_versions(draws: Draws, frame: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Versions of the extract migration, in the columns of `MIGRATION_VERSION`."""
    parts = []
    for period in range(PERIODS):
        for direction in DIRECTIONS:
            number = pl.col(f"{direction.lower()}_{period}")
            slot = slot_of(period)
            if direction == "FORWARD":
                late = draws.uniform("migration late", period)
                known = number + pl.when(late < _LATE).then(1 + (late / _LATE * 3)).otherwise(0)
                scenario = pl.col(f"scenario_{period}")
            else:
                known = number + pl.col(f"late_{slot}")
                scenario = pl.lit(None, dtype=pl.Int8)
            columns = {
                "direction": pl.lit(DIRECTIONS.index(direction)),
                "effective_from": number,
                "scenario": scenario,
                "supplier": pl.col(f"holder_{slot}"),
                "known_from": known.cast(pl.Int32),
                "known_to": pl.lit(FOREVER, dtype=pl.Int32),
                "deletes": pl.lit(False),
            }
            part = frame.filter(number.is_not_null() & (number <= window.last)).select(
                "point", **columns
            )
            parts.append(part.cast(MIGRATION_VERSION).filter(window.touches()))
    return pl.concat(parts)
