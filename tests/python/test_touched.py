"""What new files touch: no row of a Metering Point changes that is not found to be touched."""

from __future__ import annotations

import os
import random
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipeline.contracts import EXTRACTS
from pipeline.intake import create_state_views
from pipeline.intake.log import LoadLog
from pipeline.layout import Warehouse
from pipeline.touched import POINTS, Known, Touched, find, turning
from tests.python.dip_messages import appointed, lines
from tests.python.intake_folder import Folder
from tests.python.test_adapters_dip_state import Messages, a_message, subject

STREAMS = int(os.environ.get("MHHS_TOUCHED_STREAMS", "25"))
FIRST, SECOND = date(2026, 9, 2), date(2026, 9, 3)
REGISTRATION = (
    "change_type,registration_id,mpan,supplier_mpid,registration_type,registration_status,"
    "requested_at,effective_from,effective_to,market_segment,connection_type,gsp_group_id,"
    "ldso_mpid,energisation_status,is_domestic,rmp_status,mp_status,annual_kwh"
)
APPOINTMENT = (
    "change_type,appointment_id,mpan,service_role,agent_mpid,appointment_status,scenario,"
    "effective_from,effective_to"
)


def csv(header: str, rows: list[str]) -> bytes:
    return ("\n".join([header, *rows]) + "\n").encode()


def spread(rng: random.Random, messages: Messages) -> Messages:
    """The same of several points each; registrations keep their ids, and so change their point."""
    for each in messages:
        point = each["payload"]["CommonBlock"]["M0"]
        point["MPANCore"] = f"{int(point['MPANCore']) // 100 + rng.randrange(4):011}00"
        body = [int(digit) for digit in point["MPANCore"][:12]]
        weights = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)
        check = sum(d * w for d, w in zip(body, weights, strict=True)) % 11 % 10
        point["MPANCore"] = point["MPANCore"][:12] + str(check)
    last = {subject(each): each for each in messages}
    return list(last.values())


def put_files(folder: Folder, rng: random.Random) -> list[str]:
    """Files of both feeds for days around the two; their names."""
    names = []
    mpans = set()
    for day in (1, 2, 3):
        for sequence in range(2):
            said = [a_message(rng, rng.randrange(600)) for _ in range(rng.randrange(1, 12))]
            said = spread(rng, said)
            mpans |= {each["payload"]["CommonBlock"]["M0"]["MPANCore"] for each in said}
            name = f"dip_events_delta_202609{day:02}_{sequence:02}.jsonl"
            names.append(str(folder.put(name, lines(*said)).relative_to(folder.landing)))
        rows = [
            f"{rng.choice('UUUD')},{rng.choice(['1900', '2000', '1470'])}-{n},{mpan},ALDR,SWITCH,"
            f"ACTIVE,,2026-08-{rng.randrange(10, 30)},,S,W,_J,EELC,E,true,O,R,"
            for n, mpan in enumerate(rng.sample(sorted(mpans), min(3, len(mpans))))
        ]
        name = f"registration_delta_202609{day:02}.csv"
        names.append(str(folder.put(name, csv(REGISTRATION, rows)).relative_to(folder.landing)))
        # A key may be deleted without an MPAN.
        rows = [f"D,{start}-{rng.randrange(4)}{',' * 16}" for start in ("1900", "2000")]
        name = f"registration_delta_202609{day:02}_02.csv"
        names.append(str(folder.put(name, csv(REGISTRATION, rows)).relative_to(folder.landing)))
        rows = [
            f"U,{mpan}-MSS-AGT{n}-20260901,{rng.choice(sorted(mpans))},MSS,AGT{n},ACTIVE,,"
            f"2026-09-01,{rng.choice(['', '2026-09-02'])}"
            for n, mpan in enumerate(rng.sample(sorted(mpans), min(2, len(mpans))), start=1)
        ]
        name = f"appointment_delta_202609{day:02}.csv"
        names.append(str(folder.put(name, csv(APPOINTMENT, rows)).relative_to(folder.landing)))
    return names


def rows_of(connection: duckdb.DuckDBPyConnection, extract: str) -> set[tuple[object, ...]]:
    return set(connection.execute(f"select * from raw.{extract}").fetchall())


@pytest.mark.parametrize("seed", range(STREAMS))
def test_what_changes_is_touched(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    folder = Folder(tmp_path)
    names = put_files(folder, rng)
    # Any of the files may come after the first day was built, those of earlier days too.
    late = rng.sample(names, rng.randrange(1, len(names)))
    for name in late:
        (folder.landing / name).rename(tmp_path / name.split("/")[1])
    folder.load()
    files = {entry.identity for entry in LoadLog(folder.warehouse).entries}
    for name in late:
        (tmp_path / name.split("/")[1]).rename(folder.landing / name)
    folder.load()
    assert folder.query("select * from raw.quarantined_row") == []

    earlier, later = Known(FIRST, files), Known(SECOND)
    with duckdb.connect() as connection:
        create_state_views(connection, folder.warehouse, later.day)
        after = {extract: rows_of(connection, extract) for extract in POINTS}
        mpan = {
            extract: [each[0] for each in connection.sql(f"describe raw.{extract}").fetchall()]
            for extract in POINTS
        }
        create_state_views(connection, folder.warehouse, earlier.day, earlier.files)
        before = {extract: rows_of(connection, extract) for extract in POINTS}
    of_point = {extract: columns.index("mpan") for extract, columns in mpan.items()}
    changed = {
        row[of_point[extract]] for extract in POINTS for row in before[extract] ^ after[extract]
    }
    with closing(find(Warehouse(folder.warehouse), earlier, later, "1GB", 1)) as touched:
        assert not touched.everything
        assert_part_is_right(folder, touched, "point")
        points = {row[0] for row in touched.connection.execute("from point").fetchall()}
    assert changed <= points


def assert_part_is_right(folder: Folder, touched: Touched, points: str) -> None:
    """Of its points the small warehouse says, for both days, what the whole one does."""
    touched.write_part(points)
    for known in (touched.earlier, touched.later):
        states = []
        for root in (folder.warehouse, touched.part.root):
            create_state_views(touched.connection, root, known.day, known.files)
            states.append(
                {
                    (extract, *row)
                    for extract in POINTS
                    for row in touched.connection.execute(
                        f"select * from raw.{extract} where mpan in (from {points})"
                    ).fetchall()
                }
            )
        assert states[0] == states[1]


def test_what_moved_before_stays_moved_in_a_part(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    first, second, third = 1012345678901, 1012345678910, 1012345678929
    body = "R-1,{mpan},ALDR,SWITCH,ACTIVE,,2026-01-01,,S,W,_J,EELC,E,true,O,R,"
    gone = "R-2,{mpan},ALDR,SWITCH,ACTIVE,,2025-01-01,2025-12-31,S,W,_J,EELC,E,true,O,R,"
    full = csv(
        REGISTRATION.removeprefix("change_type,"),
        [body.format(mpan=first), gone.format(mpan=third)],
    )
    folder.put("registration_full_20260831.csv", full)
    moved = csv(REGISTRATION, ["U," + body.format(mpan=second), "D,R-2" + "," * 16])
    folder.put("registration_delta_20260901.csv", moved)
    # An appointment that a message made, whose key an extract takes to another point.
    folder.put("dip_events_delta_20260831_00.jsonl", lines(appointed(mpan=str(first))))
    own = f"U,{first:013}-MSS-MSA1-20260901,{third},MSS,MSA1,ACTIVE,,2026-09-01,"
    folder.put("appointment_delta_20260901.csv", csv(APPOINTMENT, [own]))
    assert {file.quarantined for file in folder.load().files} == {0}
    assert folder.query("select mpan from raw.registration") == [(second,)]
    assert folder.query("select mpan from raw.appointment") == [(third,)]
    files = {entry.identity for entry in LoadLog(folder.warehouse).entries}
    for mpan in (first, second, third):
        with closing(
            find(Warehouse(folder.warehouse), Known(FIRST, files), Known(SECOND), "1GB", 1)
        ) as touched:
            touched.connection.execute(f"create temp table alone as select {mpan} as mpan")
            assert_part_is_right(folder, touched, "alone")


def test_a_part_of_no_points_knows_the_parties(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    header = ",".join(column.name for column in EXTRACTS["participant"].columns)
    values = {"mpid": "ALDR", "market_role": "SUP", "effective_from": "2020-01-01"}
    row = ",".join(
        values.get(column.name, "Alder" if column.required else "")
        for column in EXTRACTS["participant"].columns
    )
    folder.put("participant_full_20260901.csv", csv(header, [row]))
    assert folder.only().accepted == 1
    files = {entry.identity for entry in LoadLog(folder.warehouse).entries}
    with closing(
        find(Warehouse(folder.warehouse), Known(FIRST, files), Known(SECOND), "1GB", 1)
    ) as touched:
        assert touched.write_part("point").num_rows == 0
        create_state_views(touched.connection, touched.part.root, SECOND)
        found = touched.connection.execute("select mpid from raw.participant").fetchall()
    assert found == [("ALDR",)]


def test_days_touch_where_intervals_start_and_have_ended(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    body = "U,R-{n},{mpan},ALDR,SWITCH,ACTIVE,,{since},{until},S,W,_J,EELC,E,true,O,R,"
    intervals = {
        1012345678901: ("2026-09-02", ""),  # starts on the earlier day: known by then
        1012345678910: ("2026-09-03", ""),  # starts on the later day
        1012345678929: ("2026-09-04", ""),
        1012345678938: ("2026-01-01", "2026-09-01"),  # had ended by the earlier day
        1012345678947: ("2026-01-01", "2026-09-02"),  # the later day is the first without it
        1012345678956: ("2026-01-01", "2026-09-03"),
    }
    rows = [
        body.format(n=n, mpan=mpan, since=since, until=until)
        for n, (mpan, (since, until)) in enumerate(intervals.items())
    ]
    folder.put("registration_delta_20260901.csv", csv(REGISTRATION, rows))
    assert folder.only().quarantined == 0
    files = {entry.identity for entry in LoadLog(folder.warehouse).entries}
    earlier, later = Known(FIRST, files), Known(SECOND)
    with closing(find(Warehouse(folder.warehouse), earlier, later, "1GB", 1)) as touched:
        found = {row[0] for row in touched.connection.execute("from point").fetchall()}
    assert found == {1012345678910, 1012345678947}


def test_a_turn_of_a_party_touches_its_points(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    body = "U,R-{n},{mpan},{mpid},SWITCH,ACTIVE,,2026-01-01,,S,W,_J,EELC,E,true,O,R,"
    rows = [
        body.format(n=n, mpan=1012345678901 + n, mpid=mpid)
        for n, mpid in enumerate(["ALDR", "BRCH", "CEDR", "DOGW"])
    ]
    folder.put("registration_delta_20260901.csv", csv(REGISTRATION, rows))
    assert folder.only().quarantined == 0
    kept = tmp_path / "kept.duckdb"
    with duckdb.connect(str(kept)) as connection:
        connection.execute("create schema intermediate")
        connection.execute(
            "create table intermediate.int_qualification_spell as select * from (values "
            "('ALDR', date '2026-09-03', date '9999-12-31'), "
            "('BRCH', date '2026-01-01', date '2026-09-03'), "
            "('CEDR', date '2026-09-02', date '2026-09-04')) t (mpid, valid_from, valid_to)"
        )
        connection.execute(
            "create table intermediate.int_unqualified_spell as "
            "select 'DOGW' as mpid, date '2026-09-03' as valid_from, date '9999-12-31' as valid_to"
        )
    files = {entry.identity for entry in LoadLog(folder.warehouse).entries}
    earlier, later = Known(FIRST, files), Known(SECOND)
    with closing(find(Warehouse(folder.warehouse), earlier, later, "1GB", 1)) as touched:
        touched.connection.execute(f"attach '{kept}' as kept (read_only)")
        sql = turning(earlier.day, later.day, "kept")
        touched.connection.execute(f"create temp table turned as {sql}")
        touched.add_points_of("turned", "point")
        points = touched.connection.execute("from point").fetchall()
        found = {mpan - 1012345678901 for (mpan,) in points}
    assert found == {0, 1, 3}
