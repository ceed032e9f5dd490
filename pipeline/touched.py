"""Which Metering Points and parties may look otherwise on one day than on another.

Those of which new files speak, those of parties whose standing data, decisions or stages changed,
and those to which a day between the two means something: where an interval starts or has ended.
All others are as they were. One more than is touched costs a little; one less would be wrong.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa

from pipeline.intake import create_state_views, rows_of_file, states, write_part
from pipeline.intake.log import Entry
from pipeline.layout import Warehouse
from pipeline.sql_text import read_path

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


class Touched:
    """What the later of two days may see otherwise: `everything`, or only some.

    `connection` is for who works with it. If not everything is touched, it has the temporary tables
    `point` (mpan, with repetitions) and `party` (mpid): those whose rows differ; and for each
    extract about points `registration_ever` and so on: all that the earlier day knew of it, with
    rows that others took the place of.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        warehouse: Warehouse,
        earlier: Known,
        later: Known,
        everything: bool,
    ) -> None:
        self.connection, self.everything = connection, everything
        self.earlier, self.later = earlier, later
        self.part = Warehouse(warehouse.root / "build" / "part")
        self._warehouse = warehouse
        shutil.rmtree(self.part.root, ignore_errors=True)
        connection.execute("create temp table part (mpan bigint)")

    def close(self) -> None:
        """Remove all of it."""
        self.connection.close()
        shutil.rmtree(self.part.root, ignore_errors=True)

    def add_points_of(self, parties: str, points: str) -> None:
        """Add the points that ever named one of the parties, a relation with `mpid`, to a table."""
        if not self._is_any(parties):
            return
        for extract, (mpid, _) in POINTS.items():
            self.connection.execute(
                f"insert into {points} select mpan from {extract}_ever "
                f"where {mpid} in (select mpid from {parties})"
            )

    def write_part(self, points: str) -> pa.Table:
        """Make `part` a warehouse of these points, a table of mpan, unless they are in it.

        Gives each of the points once. A row may have been taken from one point to another by a
        later one with the same key, so the part has the points to which keys of these moved, but
        not all that is said of those: only what is read of `points` is right.
        """
        # Even of no points it has the files about parties.
        if not self.part.root.exists() or self._is_any(f"{points} where mpan not in (from part)"):
            self.connection.execute(
                f"create or replace temp table part as select distinct mpan from {points} "
                "where mpan is not null"
            )
            self._write_part()
            self._find_moved()
            if self._is_any("moved"):
                self.connection.execute("insert into part from moved")
                self._write_part()
        sql = f"select distinct mpan from {points} where mpan is not null"
        return self.connection.execute(sql).to_arrow_table()

    def _write_part(self) -> None:
        shutil.rmtree(self.part.root, ignore_errors=True)
        root = self._warehouse.root
        write_part(self.connection, root, self.part.root, self._files(), "part")

    def _files(self) -> list[Entry]:
        return _files_of_points(self._warehouse, self.later)

    def _find_moved(self) -> None:
        """Create `moved` (mpan): other points at which deltas name keys of the part."""
        self.connection.execute("create or replace temp table moved (mpan bigint)")
        for extract, (_, key) in POINTS.items():
            if key is None:
                continue
            files = [entry for entry in self._files() if _keys_of(entry) == extract]
            self.connection.execute("create or replace temp table part_key (key varchar)")
            for entry in files:
                self.connection.execute(
                    f"insert into part_key select {key} from "
                    f"read_parquet({read_path(self.part.root / str(entry.rows))}) "
                    "where mpan is not null"
                )
            for entry in files:
                if entry.kind == "delta":
                    rows = rows_of_file(self._warehouse.root, entry, ("mpan", key))
                    self.connection.execute(
                        f"insert into moved select mpan from ({rows}) "
                        f"where mpan not in (from part) and ({key} in (from part_key) "
                        f"or {_made_of(key)} in (from part))"
                    )

    def _is_any(self, rows: str) -> bool:
        return self.connection.execute(f"select 1 from {rows} limit 1").fetchone() is not None


def find(
    warehouse: Warehouse, earlier: Known, later: Known, memory_limit: str, threads: int
) -> Touched:
    """What files and days touch.

    Points of parties are not among them: see `Touched.add_points_of`.
    """
    deltas = new_deltas(warehouse, earlier, later)
    connection = duckdb.connect(config={"memory_limit": memory_limit, "threads": threads})
    if deltas is None:
        return Touched(connection, warehouse, earlier, later, everything=True)
    _find_parties(connection, warehouse, earlier, later)
    _create_views(connection, warehouse, earlier)
    _find_points_of_files(connection, warehouse, deltas)
    if earlier.day < later.day:
        for extract in POINTS:
            _add_points_of_days(connection, extract, earlier.day, later.day)
    return Touched(connection, warehouse, earlier, later, everything=False)


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


def turning(earlier: date, later: date, kept: str) -> str:
    """SQL: the `mpid` of parties whose Qualification begins or ends after a day, up to another.

    Their rows may be the same as before. `kept` names the build database of the earlier day.
    """
    return " union ".join(
        f"select mpid from {kept}.intermediate.{spells} where "
        f"{_within('valid_from', earlier, later)} or {_within('valid_to', earlier, later)}"
        for spells in ("int_qualification_spell", "int_unqualified_spell")
    )


def _find_parties(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, earlier: Known, later: Known
) -> None:
    """Create `party`."""
    for known, name in ((later, "after"), (earlier, "before")):
        create_state_views(connection, warehouse.root, known.day, known.files, PARTIES)
        for extract in PARTIES:
            connection.execute(
                f"create temp table {extract}_{name} as select * exclude (load_id) "
                f"from raw.{extract}"
            )
    differences = " union ".join(
        f"select mpid from ((from {x}_before except from {x}_after) union all "
        f"(from {x}_after except from {x}_before))"
        for x in PARTIES
    )
    connection.execute(f"create temp table party as {differences}")


def _create_views(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, earlier: Known
) -> None:
    """Create the views `registration_ever` and so on: all rows, whatever took their place."""
    for extract, state in states(warehouse.root, earlier.day, earlier.files).items():
        if extract not in POINTS:
            continue
        texts = [name for name in POINTS[extract] if name is not None]
        names = [*texts, "mpan", "effective_from", "effective_to"]
        parts = [
            f"select {', '.join(f'null::varchar as {name}' for name in texts)}, "
            "null::bigint as mpan, null::date as effective_from, null::date as effective_to "
            "where false"
        ]
        for entry in (state.full, *state.deltas):
            if entry is not None:
                rows = rows_of_file(warehouse.root, entry, names)
                parts.append(f"select * exclude (load_id) from ({rows})")
        connection.execute(
            f"create temp view {extract}_ever as {' union all by name '.join(parts)}"
        )


def _find_points_of_files(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, new: Iterable[Entry]
) -> None:
    """Create `point`: those that new files name, or whose rows new files take to other points."""
    connection.execute("create temp table named (extract varchar, key varchar, mpan bigint)")
    for entry in new:
        extract = _keys_of(entry)
        key = POINTS[extract][1]
        rows = rows_of_file(warehouse.root, entry, ("mpan", key or ""))
        connection.execute(
            f"insert into named select '{extract}', {key or 'null'}, mpan from ({rows})"
        )
    connection.execute(
        "create temp table point as select mpan from named where mpan is not null "
        f"union all select {_made_of('key')} from named where extract = 'appointment'"
    )
    connection.execute("delete from point where mpan is null")
    for extract, (_, key) in POINTS.items():
        if key is not None:
            connection.execute(
                f"insert into point select mpan from {extract}_ever where mpan is not null "
                f"and {key} in (select key from named where extract = '{extract}')"
            )


def _keys_of(entry: Entry) -> str:
    """The extract whose keys a file names: a feed names registrations."""
    return entry.extract if entry.extract in POINTS else "registration"


def _made_of(key: str) -> str:
    """SQL: the MPAN of which a feed may have made the key of an appointment, or null."""
    return f"try_cast(nullif(split_part({key}, '-', 1), {key}) as bigint)"


def _files_of_points(warehouse: Warehouse, known: Known) -> list[Entry]:
    """The files that make the states of the extracts about points."""
    found = states(warehouse.root, known.day, known.files)
    entries = {
        entry.identity: entry
        for extract in POINTS
        for entry in (found[extract].full, *found[extract].deltas)
        if entry is not None
    }
    return list(entries.values())


def _add_points_of_days(
    connection: duckdb.DuckDBPyConnection, extract: str, earlier: date, later: date
) -> None:
    ended = "false" if extract == "migration" else _within("effective_to + 1", earlier, later)
    connection.execute(
        f"insert into point select mpan from {extract}_ever "
        f"where {_within('effective_from', earlier, later)} or {ended}"
    )


def _within(day: str, earlier: date, later: date) -> str:
    return f"({day} > date '{earlier}' and {day} <= date '{later}')"
