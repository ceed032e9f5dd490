"""pandas, with Arrow's CSV reader."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from tests.bench.peers.job import M14, Findings, found

OPEN_END = pd.Timestamp("9999-12-31").as_unit("s")


def run(folder: Path, as_of: date) -> Findings:
    day = pd.Timestamp(as_of)
    qualified = _read(folder / "qualified.csv")
    for column in ("valid_from", "valid_to"):
        qualified[column] = _days(qualified[column])
    migration = _read(folder / "migration.csv")
    migration["effective_from"] = _days(migration["effective_from"])
    migration = migration[migration["effective_from"] <= day]
    holding = _holdings(folder, day)

    now = holding[(holding["valid_from"] <= day) & (day < holding["valid_to"]) & holding["is_live"]]
    in_force = qualified[(qualified["valid_from"] <= day) & (day < qualified["valid_to"])]
    of_party = pd.MultiIndex.from_frame(in_force[["mpid", "market_segment"]])
    asked = pd.MultiIndex.from_frame(now[["supplier_mpid", "market_segment"]])
    unqualified = now[~asked.isin(of_party)]
    last = migration.sort_values(["mpan", "effective_from", "direction"]).drop_duplicates(
        "mpan", keep="last"
    )
    migrated = last.loc[last["direction"] == "FORWARD", "mpan"]
    events = _events(migration, holding, qualified)
    forward = events[(events["direction"] == "FORWARD") & ~events["is_qualified"]]
    reverse = events[
        (events["direction"] == "REVERSE")
        & (events["effective_from"] < pd.Timestamp(M14))
        & events["is_holder"]
        & events["is_qualified"]
    ]
    position = now.groupby(["supplier_mpid", "market_segment"]).size()
    return {
        "SUP-01": found(unqualified["registration_id"].astype(str)),
        "SUP-06": found(
            unqualified.loc[unqualified["mpan"].isin(migrated), "registration_id"].astype(str)
        ),
        "SUP-02": found(_day_of_point(forward)),
        "SUP-07": found(_day_of_point(reverse)),
        "position": found(
            f"{mpid} {segment} {points}" for (mpid, segment), points in position.items()
        ),
    }


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, engine="pyarrow", dtype={"registration_id": "string"})


def _days(column: pd.Series) -> pd.Series:
    return pd.to_datetime(column.astype("string")).astype("datetime64[s]")


def _holdings(folder: Path, day: pd.Timestamp) -> pd.DataFrame:
    rows = _read(folder / "registration.csv")
    rows["effective_from"] = _days(rows["effective_from"])
    rows = rows[(rows["registration_status"] == "ACTIVE") & (rows["effective_from"] <= day)]
    rows = rows.sort_values(["mpan", "effective_from", "registration_id"])
    end = _days(rows["effective_to"]) + pd.Timedelta(days=1)
    following = rows["effective_from"].shift(-1).where(rows["mpan"].shift(-1) == rows["mpan"])
    rows["valid_from"] = rows["effective_from"]
    rows["valid_to"] = pd.concat([end, following], axis=1).min(axis=1).fillna(OPEN_END)
    rows["is_live"] = (rows["rmp_status"] != "T") & (rows["mp_status"] != "X")
    return rows[rows["valid_from"] < rows["valid_to"]]


def _events(
    migration: pd.DataFrame, holding: pd.DataFrame, qualified: pd.DataFrame
) -> pd.DataFrame:
    """Each event with its segment, who answers for it, and whether they are Qualified."""
    held = holding[["mpan", "supplier_mpid", "market_segment", "valid_from", "valid_to"]]
    held = held.sort_values("valid_from")
    events = migration.rename(columns={"supplier_mpid": "event_supplier"})
    events = events.sort_values("effective_from")
    sides = {"left_on": "effective_from", "right_on": "valid_from", "by": "mpan"}
    earlier = pd.merge_asof(events, held, **sides)
    lacks = earlier["market_segment"].isna()
    later = pd.merge_asof(
        earlier.loc[lacks, list(events.columns)], held, direction="forward", **sides
    )
    rows = pd.concat([earlier[~lacks], later[later["market_segment"].notna()]])
    rows["is_holder"] = (rows["valid_from"] <= rows["effective_from"]) & (
        rows["effective_from"] < rows["valid_to"]
    )
    rows["mpid"] = rows["supplier_mpid"].where(rows["is_holder"], rows["event_supplier"])
    spells = qualified.rename(columns={"valid_from": "qualified_from", "valid_to": "qualified_to"})
    rows = pd.merge_asof(
        rows.sort_values("effective_from"),
        spells.sort_values("qualified_from"),
        left_on="effective_from",
        right_on="qualified_from",
        by=["mpid", "market_segment"],
    )
    rows["is_qualified"] = rows["effective_from"] < rows["qualified_to"]
    return rows


def _day_of_point(rows: pd.DataFrame) -> pd.Series:
    return (
        rows["mpan"].astype(str).str.zfill(13)
        + " "
        + rows["effective_from"].dt.strftime("%Y-%m-%d")
    )
