"""The state after DIP messages: what a plain replay gives, whatever the order of arrival."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.command import PROJECT, publication
from tests.python.dip_messages import (
    appointed,
    changed,
    ended,
    lines,
    message,
    registered,
    reversed_,
    status,
)
from tests.python.dip_replay import State, replay
from tests.python.intake_folder import Folder
from tests.short import short

STREAMS = int(os.environ.get("MHHS_DIP_STREAMS", "10"))
POINTS = {"1900012374324": "S", "2000000000015": "A", "1470001573345": "U"}
Messages = list[dict[str, Any]]
VALUES: dict[str, list[Any]] = {
    "market_segment": ["S", "A", "U"],
    "connection_type": ["W", "L", "H"],
    "energisation_status": ["E", "D"],
    "gsp_group_id": ["_A", "_B", "_J"],
    "is_domestic": [True, False],
}


def midnight(day: int) -> str:
    return f"{date(2026, 9, 1) + timedelta(day)}T00:00:00+01:00"


def a_message(rng: random.Random, second: int) -> dict[str, Any]:
    mpan = rng.choices(list(POINTS), [6, 2, 1])[0]
    options: dict[str, Any] = {
        "mpan": mpan,
        "sent_at": f"2026-09-01T10:{second // 60:02}:{second % 60:02}+00:00",
    }
    services = ["DS"] if POINTS[mpan] == "U" else ["MS", "DS"]
    agent, day = rng.choice(["AGT1", "AGT2"]), rng.randrange(3)
    match rng.choice([0, 0, 0, 1, 1, 2, 3, 4, 5, 5, 6, 6, 6, 6]):
        case 0:
            return registered(
                f"{mpan[:4]}-{rng.randrange(3)}", midnight(day), segment=POINTS[mpan], **options
            )
        case 1:
            events = ["MPANDisconnection", "MPANReconnection", "CSSDeRegistration"]
            return status(rng.choice(events), **options)
        case 6:
            column = rng.choice(list(VALUES))
            return changed(column, rng.choice(VALUES[column]), midnight(day), **options)
        case 2:
            return reversed_(midnight(day), **options)
        case 3 | 4:
            return appointed(
                rng.choice(services),
                agent,
                midnight(day),
                rng.choice(["COS", "MCA", "MCS"]),
                POINTS[mpan],
                **options,
            )
        case _:
            return ended(
                rng.choice(services),
                agent,
                midnight(day),
                midnight(9 + rng.randrange(4)),
                **options,
            )


def subject(each: dict[str, Any]) -> str:
    """What may be said once in a file."""
    common, custom = (each["payload"][name] for name in ("CommonBlock", "CustomBlock"))
    event = common["S0"]["eventCode"]
    if "B013" in custom:
        return str(custom["B013"])
    if event == "[GSPChg]":
        custom = custom | {"B094": {"group": common["M0"]["GSPGroupID"]}}
    names = ("B001", "B008", "B009", "B014", "B015", "B023", "B025", "B026", "B028", "B094")
    blocks = [custom.get(name) for name in names]
    block = {k: v for b in blocks for k, v in (b or {}).items() if "To" not in k and "Sc" not in k}
    return f"{event} {common['M0']['MPANCore']} {block}"


def a_stream(rng: random.Random) -> list[tuple[tuple[int, int], Messages]]:
    """Messages in files of random days and sequences."""
    messages = [a_message(rng, second) for second in range(rng.randrange(4, 45))]
    slots = [(day, sequence) for day in range(1, 4) for sequence in range(3)]
    files: dict[tuple[int, int], Messages] = {}
    for each in messages:
        files.setdefault(rng.choice(slots), []).append(each)
    for said in files.values():
        last = {subject(each): each for each in said}
        said[:] = last.values()
        rng.shuffle(said)
    return list(files.items())


def state_of(folder: Folder) -> State:
    segments = {"MSS": "S", "MSA": "A", "SDS": "S", "ADS": "A", "UMSDS": "U"}
    registrations = folder.query(
        "SELECT registration_id, mpan::VARCHAR, effective_from, supplier_mpid, market_segment, "
        "connection_type, energisation_status, gsp_group_id, is_domestic, rmp_status, mp_status "
        "FROM raw.registration"
    )
    appointments = folder.query(
        "SELECT appointment_id, mpan::VARCHAR, service_role, agent_mpid, effective_from, "
        "effective_to FROM raw.appointment WHERE appointment_status = 'ACTIVE'"
    )
    migrations = folder.query("SELECT mpan::VARCHAR, direction, effective_from FROM raw.migration")
    about = ("segment", "connection", "energised", "gsp_group", "domestic", "rmp", "mp")
    names = ("mpan", "since", "supplier", *about)
    assert len({row[0] for row in appointments}) == len(appointments)
    return {
        "registration": {row[0]: dict(zip(names, row[1:], strict=True)) for row in registrations},
        "appointment": {
            row[0]: dict(zip(("mpan", "role", "agent", "since", "to"), row[1:], strict=True))
            | {"is_metering": row[2] in segments and row[2].startswith("MS")}
            for row in appointments
        },
        "migration": {row: {} for row in migrations},
    }


@pytest.mark.parametrize("seed", range(STREAMS))
def test_the_state_is_that_of_a_replay(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    files = a_stream(rng)
    expected = replay(files)
    for attempt in range(2):
        folder = Folder(tmp_path / str(attempt))
        rng.shuffle(files)
        for (day, sequence), messages in files:
            folder.put(f"dip_events_delta_202609{day:02}_{sequence:02}.jsonl", lines(*messages))
            if rng.random() < 0.5:
                folder.load()
        folder.load()
        assert folder.query("SELECT * FROM raw.quarantined_row") == []
        assert state_of(folder) == expected
        shutil.rmtree(folder.warehouse)


def test_a_killed_load_neither_loses_nor_doubles_a_message(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    messages = [registered(f"R-{n}") for n in range(20_000)]
    folder.put("dip_events_delta_20260901.jsonl", lines(*messages))
    command = [sys.executable, "-m", "pipeline", "load", "--landing", str(folder.landing)]
    for moment in (0.8, 1.2, 1.6, 2.0):
        process = subprocess.Popen(
            [*command, "--warehouse", str(folder.warehouse)],
            cwd=PROJECT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
    folder.load()
    assert folder.query(
        "SELECT count(*), count(DISTINCT registration_id) FROM raw.registration"
    ) == [(20_000, 20_000)]


def test_messages_reach_the_exceptions(tmp_path: Path) -> None:
    """A whole run on Standing Data and messages alone, with a Reverse Migration on or after M14."""
    folder = Folder(tmp_path)
    names = {"ALDR": "SUP", "MSAX": "MSS", "SDSX": "SDS"}
    companies = [
        {
            "companyRegNumber": 7,
            "companyName": f"{mpid} Limited",
            "companyDetails": [
                {"MPID": mpid, "DIPRole": role, "DIPID": "1", "datetimeFrom": "2020-01-01T00:00:00"}
            ],
        }
        for mpid, role in names.items()
    ]
    folder.put("isd_m16_full_20261110.json", json.dumps(companies).encode())
    folder.put(
        "dip_events_delta_20261110.jsonl",
        lines(
            registered("R-1", "2026-01-01T00:00:00+00:00"),
            appointed("MS", "MSAX", "2026-02-01T00:00:00+00:00", "MCA"),
            appointed("DS", "SDSX", "2026-02-01T00:00:00+00:00", "MCA"),
            reversed_("2026-10-27T00:00:00+00:00"),
            message("IF-021", "ActivePower", {}),
        ),
    )
    where = ["--landing", folder.landing, "--warehouse", folder.warehouse]
    short("run", *where, "--as-of", "2026-11-10", data_tests=True)
    with duckdb.connect(str(publication(folder.warehouse)), read_only=True) as connection:
        found = connection.execute(
            "SELECT rule_id, subject_key, mpid, CAST(occurred_on AS VARCHAR) "
            "FROM marts.fct_exception "
            "WHERE rule_id IN ('SUP-01', 'SUP-02', 'SUP-05', 'DS-01') ORDER BY ALL"
        ).fetchall()
        assert found == [
            ("DS-01", "1900012374324-SDS-SDSX-20260201", "SDSX", "2026-02-01"),
            ("SUP-01", "R-1", "ALDR", "2026-01-01"),
            ("SUP-02", "1900012374324", "ALDR", "2026-02-01"),
            ("SUP-05", "1900012374324", "ALDR", "2026-10-28"),
        ]
        ignored = connection.execute("SELECT interface, messages FROM marts.rpt_ignored_message")
        assert ignored.fetchall() == [("IF-021", 1)]
