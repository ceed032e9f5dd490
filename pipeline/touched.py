"""Which Metering Points and parties may look otherwise on one day than on another.

Those of which new files speak, those of parties whose standing data, decisions or stages changed,
and those to which a day between the two means something: where an interval starts or has ended.
All others are as they were.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import duckdb

from pipeline.intake import create_state_views, said_of_points, states
from pipeline.intake.log import Entry
from pipeline.layout import Warehouse

PARTIES = ("participant", "approval", "stage")
# The column of a row about Metering Points that names a party, and the key if it may change MPAN.
POINTS = {
    "registration": ("supplier_mpid", "registration_id"),
    "appointment": ("agent_mpid", "appointment_id"),
    "migration": ("supplier_mpid", None),
}

Files = set[tuple[str, str]]


@dataclass(frozen=True)
class Known:
    """A day and the files known on it: (file, sha256), or all up to the day."""

    day: date
    files: Files | None = None


def new_deltas(warehouse: Warehouse, earlier: Known, later: Known) -> list[Entry] | None:
    """The deltas about Metering Points that only the later day knew.

    None if it is not known what the earlier day knew, or if something other than more deltas makes
    the difference: a new full, a file that was replaced.
    """
    if earlier.files is None:
        return None
    then = states(warehouse.root, earlier.day, earlier.files)
    now = states(warehouse.root, later.day, later.files)
    new: dict[tuple[str, str], Entry] = {}
    for extract in POINTS:
        before, after = then[extract], now[extract]
        if before.full != after.full or not set(before.deltas) <= set(after.deltas):
            return None
        new |= {each.identity: each for each in after.deltas if each not in before.deltas}
    return list(new.values())


def collect(
    connection: duckdb.DuckDBPyConnection,
    warehouse: Warehouse,
    earlier: Known,
    later: Known,
    deltas: Iterable[Entry],
) -> None:
    """Create the temporary tables `point` (mpan) and `party` (mpid) of what the files touch.

    Points are those that new deltas name, or whose rows they take to another point. Parties are
    those whose rows differ. `raw` holds the states of the earlier day afterwards.
    """
    connection.execute("create temp table said (extract varchar, key varchar, mpan bigint)")
    for sql in said_of_points(warehouse.root, deltas):
        connection.execute(f"insert into said {sql}")
    connection.execute("create temp table point as select mpan from said where mpan is not null")
    for known, name in ((later, "after"), (earlier, "before")):
        create_state_views(connection, warehouse.root, known.day, known.files)
        for extract in PARTIES:
            connection.execute(
                f"create temp table {extract}_{name} as select * exclude (load_id) "
                f"from raw.{extract}"
            )
    for extract, (_, key) in POINTS.items():
        if key is not None:
            connection.execute(
                f"insert into point select mpan from raw.{extract} where {key} in "
                f"(select key from said where extract = '{extract}' and key is not null)"
            )
    differences = " union ".join(
        f"select mpid from ((from {x}_before except from {x}_after) union all "
        f"(from {x}_after except from {x}_before))"
        for x in PARTIES
    )
    connection.execute(f"create temp table party as {differences}")


def add_points_of_parties(connection: duckdb.DuckDBPyConnection, parties: str) -> None:
    """Add to `point` those that name one of the parties, a relation with `mpid`."""
    if connection.execute(f"select 1 from {parties} limit 1").fetchone() is None:
        return
    for extract, (mpid, _) in POINTS.items():
        connection.execute(
            f"insert into point select mpan from raw.{extract} "
            f"where {mpid} in (select mpid from {parties})"
        )


def add_points_of_days(
    connection: duckdb.DuckDBPyConnection, kept: str, earlier: date, later: date
) -> None:
    """Add to `point` those to which a day after the earlier and up to the later means something.

    `kept` names the build database of the earlier day: it knows when parties whose rows did not
    change come to be Qualified, or cease to be.
    """
    if earlier == later:
        return
    for extract in POINTS:
        ended = "false" if extract == "migration" else _within("effective_to + 1", earlier, later)
        connection.execute(
            f"insert into point select mpan from raw.{extract} "
            f"where {_within('effective_from', earlier, later)} or {ended}"
        )
    connection.execute(
        "create temp table turning as "
        + " union ".join(
            f"select mpid from {kept}.intermediate.{spells} where "
            f"{_within('valid_from', earlier, later)} or {_within('valid_to', earlier, later)}"
            for spells in ("int_qualification_spell", "int_unqualified_spell")
        )
    )
    add_points_of_parties(connection, "turning")


def _within(day: str, earlier: date, later: date) -> str:
    return f"({day} > date '{earlier}' and {day} <= date '{later}')"
