"""Polars, lazily, in memory: its streaming engine (2.1) panics on these as-of joins of two million
Metering Points, and is no faster where it does not."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from tests.bench.peers.job import M14, Findings, found

OPEN_END = date(9999, 12, 31)


def run(folder: Path, as_of: date) -> Findings:
    qualified = pl.scan_csv(folder / "qualified.csv", try_parse_dates=True)
    migration = pl.scan_csv(
        folder / "migration.csv", try_parse_dates=True, schema_overrides={"mpan": pl.Int64}
    ).filter(pl.col("effective_from") <= as_of)
    holding = _holdings(folder, as_of).collect(engine="in-memory")
    now = holding.lazy().filter(
        pl.col("valid_from") <= as_of, pl.col("valid_to") > as_of, pl.col("is_live")
    )
    qualified_now = qualified.filter(pl.col("valid_from") <= as_of, pl.col("valid_to") > as_of)
    unqualified = now.join(
        qualified_now,
        left_on=["supplier_mpid", "market_segment"],
        right_on=["mpid", "market_segment"],
        how="anti",
    )
    migrated = (
        migration.sort("mpan", "effective_from", "direction")  # FORWARD sorts before REVERSE
        .unique("mpan", keep="last", maintain_order=True)
        .filter(pl.col("direction") == "FORWARD")
    )
    position = now.group_by("supplier_mpid", "market_segment").agg(pl.len().alias("points"))
    events = _events(migration, holding.lazy(), qualified)
    forward = events.filter(pl.col("direction") == "FORWARD", ~pl.col("is_qualified"))
    reverse = events.filter(
        pl.col("direction") == "REVERSE",
        pl.col("effective_from") < date.fromisoformat(M14),
        pl.col("is_holder"),
        pl.col("is_qualified"),
    )
    day_of_point = pl.format(
        "{} {}", pl.col("mpan").cast(pl.String).str.zfill(13), "effective_from"
    )
    asked = [
        unqualified.select("registration_id"),
        unqualified.join(migrated, on="mpan", how="semi").select("registration_id"),
        forward.select(day_of_point),
        reverse.select(day_of_point),
        position.select(pl.format("{} {} {}", "supplier_mpid", "market_segment", "points")),
    ]
    answers = pl.collect_all(asked, engine="in-memory")
    names = ("SUP-01", "SUP-06", "SUP-02", "SUP-07", "position")
    return {
        name: found(map(str, frame.to_series().to_list()))
        for name, frame in zip(names, answers, strict=True)
    }


def _holdings(folder: Path, as_of: date) -> pl.LazyFrame:
    end = pl.col("effective_to").dt.offset_by("1d").fill_null(OPEN_END)
    return (
        pl.scan_csv(
            folder / "registration.csv",
            try_parse_dates=True,
            schema_overrides={
                "mpan": pl.Int64,
                "registration_id": pl.String,
                "effective_to": pl.Date,
            },
        )
        .filter(pl.col("registration_status") == "ACTIVE", pl.col("effective_from") <= as_of)
        .sort("mpan", "effective_from", "registration_id")
        .with_columns(
            pl.when(pl.col("mpan").shift(-1) == pl.col("mpan"))
            .then(pl.col("effective_from").shift(-1))
            .otherwise(OPEN_END)
            .alias("next_from")
        )
        .select(
            "registration_id",
            "mpan",
            "supplier_mpid",
            "market_segment",
            pl.col("effective_from").alias("valid_from"),
            pl.min_horizontal(end, "next_from").alias("valid_to"),
            ((pl.col("rmp_status") != "T") & (pl.col("mp_status") != "X")).alias("is_live"),
        )
        .filter(pl.col("valid_from") < pl.col("valid_to"))
    )


def _events(
    migration: pl.LazyFrame, holding: pl.LazyFrame, qualified: pl.LazyFrame
) -> pl.LazyFrame:
    """Each event with its segment, who answers for it, and whether they are Qualified."""
    columns = ["mpan", "supplier_mpid", "market_segment", "valid_from", "valid_to"]
    held = holding.select(columns).sort("valid_from")
    events = migration.rename({"supplier_mpid": "event_supplier"}).sort("effective_from")
    earlier = events.join_asof(
        held,
        left_on="effective_from",
        right_on="valid_from",
        by="mpan",
        coalesce=False,
        check_sortedness=False,
    )
    later = (
        earlier.filter(pl.col("market_segment").is_null())
        .select("mpan", "direction", "effective_from", "event_supplier")
        .join_asof(
            held,
            left_on="effective_from",
            right_on="valid_from",
            by="mpan",
            strategy="forward",
            coalesce=False,
            check_sortedness=False,
        )
    )
    found_segment = pl.concat(
        [earlier.filter(pl.col("market_segment").is_not_null()), later], how="diagonal"
    ).filter(pl.col("market_segment").is_not_null())
    is_holder = (pl.col("valid_from") <= pl.col("effective_from")) & (
        pl.col("effective_from") < pl.col("valid_to")
    )
    answered = found_segment.with_columns(is_holder.alias("is_holder")).with_columns(
        pl.when("is_holder").then("supplier_mpid").otherwise("event_supplier").alias("mpid")
    )
    spells = qualified.sort("valid_from").rename(
        {"valid_from": "qualified_from", "valid_to": "qualified_to"}
    )
    return (
        answered.sort("effective_from")
        .join_asof(
            spells,
            left_on="effective_from",
            right_on="qualified_from",
            by=["mpid", "market_segment"],
            coalesce=False,
            check_sortedness=False,
        )
        .with_columns(
            (pl.col("effective_from") < pl.col("qualified_to"))
            .fill_null(value=False)
            .alias("is_qualified")
        )
    )
