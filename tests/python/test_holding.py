"""Held builds, refused files and exit codes: nothing is published from less in silence."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipeline import holding
from pipeline.intake import load
from pipeline.layout import Warehouse
from pipeline.publication import current, last_failure
from tests.command import PROJECT
from tests.fixture_publication import make_publication, publication_id
from tests.python.test_daily import bell
from tests.short import short

__all__ = ["bell"]

CASE = PROJECT / "tests" / "golden" / "cases" / "switch_at_m14" / "landing"
DAY, EARLIER = date(2026, 11, 10), date(2026, 11, 9)
MIGRATION = "mpan,direction,effective_from\n"
NO_COLUMN = "registration_id\nR-1\n"


@pytest.fixture(autouse=True)
def pretended_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MHHS_TODAY", "2026-11-11")


def migrations(count: int) -> str:
    rows = (f"{1000000000000 + number},FORWARD,2026-01-01\n" for number in range(count))
    return MIGRATION + "".join(rows)


class Market:
    """A landing folder, its warehouse, and an earlier publication made without a build."""

    def __init__(self, root: Path) -> None:
        self.landing, self.root = root / "landing", root / "warehouse"
        self.warehouse = Warehouse(self.root)

    def put(self, name: str, content: str) -> Path:
        path = self.landing / name.split("_")[0] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def publish(self, day: date, **facts: Any) -> None:
        self.warehouse.published.mkdir(parents=True, exist_ok=True)
        path = make_publication(self.warehouse.published, day, empty=True)
        beside = path.with_name(f"{path.stem}.manifest.json")
        beside.write_text(json.dumps(json.loads(beside.read_text()) | facts))
        self.warehouse.current_pointer.write_text(path.stem)

    def reasons(self, as_of: date = DAY, **options: Any) -> list[str]:
        summary = load(self.landing, self.root, threads=1, **options)
        rows = holding.state_rows(self.root, as_of)
        found = holding.losses(self.warehouse, as_of, summary.refused, rows)
        return [each.reason for each in found]


@pytest.fixture
def market(tmp_path: Path) -> Market:
    return Market(tmp_path)


def accepted(file: str) -> dict[str, Any]:
    return {"file": file, "sha256": "0", "outcome": "accepted", "error": None}


@pytest.mark.parametrize(
    ("before", "now", "is_held"), [(10, 8, False), (10, 7, True), (0, 0, False)]
)
def test_exactly_80_percent_of_the_rows_pass(
    market: Market, before: int, now: int, is_held: bool
) -> None:
    market.put("migration_full_20261110.csv", migrations(now))
    market.publish(EARLIER, state_rows={"migration": before, "registration": 0})
    assert market.reasons() == ["FEWER_ROWS"] * is_held


def test_rows_are_compared_with_the_newest_publication_of_an_earlier_day(market: Market) -> None:
    """Not with one of the same day, nor with one of a later day."""
    market.put("migration_full_20261108.csv", migrations(5))
    market.publish(date(2026, 11, 8), state_rows={"migration": 100})
    market.publish(EARLIER, state_rows={"migration": 5})
    market.publish(DAY, state_rows={"migration": 100})
    market.publish(date(2026, 11, 11), state_rows={"migration": 100})
    assert market.reasons() == []
    assert market.reasons(EARLIER) == ["FEWER_ROWS"]


def test_a_publication_that_names_no_rows_is_worked_out_from_its_files(market: Market) -> None:
    market.put("migration_full_20261109.csv", migrations(10))
    market.reasons()
    sha256 = json.loads((market.root / "history" / "load_log.jsonl").read_text())["sha256"]
    known = accepted("migration/migration_full_20261109.csv") | {"sha256": sha256}
    market.publish(EARLIER, files=[known])
    market.put("migration_full_20261110.csv", migrations(7))
    assert market.reasons(allow_shrunk=True) == ["FEWER_ROWS"]
    for path in (market.root / "lake" / "migration").glob("*20261109*"):
        path.unlink()
    (market.landing / "migration" / "migration_full_20261109.csv").unlink()
    assert market.reasons() == ["NOT_COMPARED"]


def test_an_extract_without_any_file_holds(market: Market) -> None:
    files = ["stage/stage_full_20261101.csv", "isd/isd_m16_full_20261101.csv"]
    later = accepted("appointment/appointment_full_20261110.csv")
    market.put("migration_full_20261109.csv", migrations(10))
    market.publish(EARLIER, files=[*map(accepted, files), later], state_rows={"migration": 10})
    assert market.reasons() == ["NO_FILE", "NO_FILE"]  # participant and stage
    market.put(
        "participant_full_20261111.csv", "mpid,market_role,participant_name,effective_from\n"
    )
    assert market.reasons() == ["NO_FILE", "NO_FILE"]  # dated after the as-of day
    market.put(
        "participant_full_20261110.csv", "mpid,market_role,participant_name,effective_from\n"
    )
    assert market.reasons() == ["NO_FILE"]


@pytest.mark.parametrize(
    ("name", "is_held"),
    [
        ("migration_full_20261110.csv", True),
        ("migration_full_20261109_01.csv", True),
        ("migration_full_20261108.csv", False),
        ("migration_delta_20261110.csv", False),
        ("migration_full_2026111.csv", False),
        ("stage_full_20200101.csv", True),
    ],
)
def test_a_refused_full_holds_if_it_is_newer_than_the_newest_accepted(
    market: Market, name: str, is_held: bool
) -> None:
    market.put("migration_full_20261109.csv", migrations(10))
    market.put(name, "no such column\n")
    assert market.reasons() == ["REFUSED_FULL"] * is_held
    assert market.reasons() == ["REFUSED_FULL"] * is_held  # as long as it is there
    (market.landing / name.split("_")[0] / name).unlink()
    assert market.reasons() == []


def test_a_shrunk_full_holds(market: Market) -> None:
    market.put("migration_full_20261109.csv", migrations(10))
    market.put("migration_full_20261110.csv", migrations(7))
    assert market.reasons() == ["REFUSED_FULL"]
    assert market.reasons(allow_shrunk=True) == []


def test_a_held_build_end_to_end(tmp_path: Path, bell: tuple[str, list[dict[str, str]]]) -> None:
    """`run` holds, `publish` and `daily` too, `--accept-loss` publishes, exit codes 8, 7 and 0."""
    url, heard = bell
    landing, root = tmp_path / "landing", tmp_path / "warehouse"
    warehouse = Warehouse(root)
    shutil.copytree(CASE, landing)
    where = ("--landing", landing, "--warehouse", root)
    short("run", *where)
    first = current(warehouse)
    assert first.manifest["state_rows"] == {"registration": 35, "migration": 0, "appointment": 0}
    assert first.manifest["accepted_loss"] == []

    bad = landing / "registration" / "registration_full_20261111.csv"
    bad.write_text(NO_COLUMN)
    done = short("run", *where, "--json", expect=8)
    assert "registration_full_20261111.csv was refused (MISSING_COLUMN)" in done.stderr
    assert "--accept-loss" in done.stderr
    document = json.loads(done.stdout)
    assert [each["reason"] for each in document["held"]] == ["REFUSED_FULL"]
    assert [each["first_seen"] for each in document["refused"]] == [True]
    assert current(warehouse) == first
    failure = last_failure(warehouse)
    assert failure is not None
    assert failure["held"]
    assert "was held" in short("info", "--warehouse", root).stderr
    short("publish", "--warehouse", root, expect=8)  # what the last run held is not forgotten
    short("run", *where, expect=8)
    daily = ("daily", *where, "--day", "2026-11-10", "--expect", "registration")
    short(*daily, "--notify", url, expect=8)
    assert [notice["title"] for notice in heard] == [
        "MHHS readiness: the build for 2026-11-10 is held"
    ]
    events = [json.loads(line)["event"] for line in (root / "logs" / "pipeline.jsonl").open()]
    assert events.count("build_held") == 4

    (landing / "stage").mkdir()
    (landing / "stage" / "stage_delta_20261110.csv").write_text("")
    done = short("run", *where, "--accept-loss", "--json", expect=7)
    document = json.loads(done.stdout)
    assert [each["reason"] for each in document["accepted_loss"]] == ["REFUSED_FULL"]
    assert {each["file"]: each["first_seen"] for each in document["refused"]} == {
        "registration/registration_full_20261111.csv": False,
        "stage/stage_delta_20261110.csv": True,
    }
    second = current(warehouse)
    assert second != first
    assert last_failure(warehouse) is None
    gates = [
        json.loads(short("sql", "--warehouse", root, "--json", sql).stdout)
        for sql in ("select count(*) as n from rpt_publication where gate = 'held'",)
    ]
    assert gates == [{"n": 4}]

    bad.unlink()
    done = short("run", *where)
    assert current(warehouse).manifest["accepted_loss"] == []
    assert "stage_delta_20261110.csv was refused" in done.stderr


def test_a_publication_for_2036_heals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pointer names a day to come: readers see the newest day up to today; a run mends it."""
    from dashboards import data
    from dashboards.components.frame import _shown_by_default

    monkeypatch.setenv("MHHS_TODAY", "2026-11-30")
    market = Market(tmp_path)
    market.publish(date(2026, 11, 8))
    market.publish(EARLIER)
    market.publish(date(2036, 1, 1))
    monkeypatch.setenv("MHHS_WAREHOUSE", str(market.root))
    told = json.loads(short("info", "--json", "--warehouse", market.root).stdout)
    assert told["as_of"] == EARLIER.isoformat()
    shown = _shown_by_default(data.store.kept())
    assert shown is not None
    assert shown.as_of == EARLIER
    short("rollback", publication_id(date(2036, 1, 1)), "--warehouse", market.root, expect=3)

    shutil.copytree(CASE, market.landing)
    mistyped = market.landing / "registration" / "registration_delta_20360101.csv"
    full = market.landing / "registration" / "registration_full_20261110.csv"
    mistyped.write_text(
        "change_type," + full.read_text().splitlines()[0] + "\n"
        "U,R-NEW,1000000000012,ZALL,INITIAL,ACTIVE,,2024-01-01,,S,_A,O,R,3000\n"
    )
    load(market.landing, market.root, allow_future_dates=True)
    short("publish", "--warehouse", market.root)
    assert current(market.warehouse).as_of == DAY
    assert market.warehouse.current_pointer.read_text().startswith("20261110")

    ahead = ("publish", "--warehouse", market.root, "--as-of", "2036-01-01")
    done = short(*ahead, "--make-current")
    assert "does not become current" in done.stdout
    assert current(market.warehouse).as_of == DAY
    short(*ahead, "--allow-future-dates")
    assert current(market.warehouse).as_of == date(2036, 1, 1)
    short("publish", "--warehouse", market.root)
    assert current(market.warehouse).as_of == DAY


def test_no_day_is_built_by_default_from_files_of_days_to_come(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(CASE, market.landing)
    monkeypatch.setenv("MHHS_TODAY", "2026-11-09")
    done = short("run", "--landing", market.landing, "--warehouse", market.root, expect=3)
    assert "dated after today" in done.stderr


def test_only_days_to_come_is_no_publication(market: Market) -> None:
    market.publish(date(2036, 1, 1))
    done = short("info", "--warehouse", market.root, expect=4)
    assert "after today" in done.stderr
