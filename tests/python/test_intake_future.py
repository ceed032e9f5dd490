"""Files dated in the future, and files taken back: both end to end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from pipeline.errors import PipelineError
from pipeline.intake import states
from pipeline.intake.log import LoadLog
from pipeline.intake.rehearsal import check
from pipeline.intake.withdrawal import withdraw
from pipeline.layout import Warehouse
from pipeline.touched import Known, new_deltas
from tests.command import pipeline
from tests.python.intake_folder import Folder, refused
from tests.short import short

HEAD = b"mpan,direction,effective_from\n"
GOOD = HEAD + b"".join(b"10%011d,FORWARD,2026-01-01\n" % n for n in range(10))
DELTA = b"change_type,mpan,direction,effective_from\nU,2012345678901,FORWARD,2026-01-01\n"
FAR = "migration_delta_20360101.csv"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture(autouse=True)
def day(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MHHS_TODAY", "2026-11-30")
    yield


def _outcomes(folder: Folder, **options: bool) -> dict[str, str]:
    return {
        file.file.partition("/")[2]: file.error or file.outcome
        for file in folder.load(**options).files
    }


@pytest.mark.parametrize("content", [DELTA, b"", b"a,b\n", b"\xff"])
def test_a_day_too_far_ahead_is_refused_and_judged_anew(
    folder: Folder, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is said of its content."""
    folder.put("migration_full_20261130.csv", GOOD)
    folder.put("migration_delta_20261208.csv", content, b"[]")
    folder.put("migration_delta_20261207.csv", DELTA)
    outcomes = {file.file[-7:-4]: file for file in folder.load().files}
    assert outcomes["130"].outcome == "accepted"
    refused(outcomes["208"], "FUTURE_DATE")
    assert "more than 7 days after today, 2026-11-30" in outcomes["208"].detail
    assert outcomes["207"].outcome == "accepted"
    assert "in the future" in outcomes["207"].detail
    refused(check(folder.landing / "migration/migration_delta_20261208.csv").outcome, "FUTURE_DATE")
    assert _outcomes(folder)["migration_delta_20261208.csv"] == "FUTURE_DATE"
    monkeypatch.setenv("MHHS_TODAY", "2026-12-01")
    assert _outcomes(folder)["migration_delta_20261208.csv"] != "FUTURE_DATE"


def test_the_code_before_and_after(folder: Folder) -> None:
    folder.put("migration_delta_20360101.csv.gz", DELTA)
    folder.put("migration_delta_20369901.csv", DELTA)
    (folder.landing / "migration" / "migration_delta_20360102.csv").mkdir()
    assert list(_outcomes(folder).values()) == ["FUTURE_DATE", "NOT_A_FILE", "BAD_NAME"]


def test_it_is_let_through_and_stays_so(folder: Folder) -> None:
    folder.put(FAR, DELTA)
    assert _outcomes(folder) == {FAR: "FUTURE_DATE"}
    assert _outcomes(folder, allow_future_dates=True) == {FAR: "accepted"}
    assert _outcomes(folder) == {FAR: "skipped"}
    assert folder.query("SELECT count(*) FROM raw.migration", date(2036, 1, 1)) == [(1,)]


def test_one_accepted_before_is_judged_too(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by a version that knew no such rule: it changes nothing, and is healed."""
    folder.put("migration_full_20261130.csv", GOOD)
    folder.put(FAR, DELTA)
    monkeypatch.setenv("MHHS_TODAY", "2036-01-01")
    assert _outcomes(folder)[FAR] == "accepted"
    monkeypatch.setenv("MHHS_TODAY", "2026-11-30")
    assert "withdraw" in next(file.detail for file in folder.load().files if FAR in file.file)
    assert _outcomes(folder)[FAR] == "FUTURE_DATE"
    assert folder.query("SELECT count(*) FROM raw.migration", date(2036, 1, 1)) == [(10,)]
    assert _outcomes(folder, allow_future_dates=True)[FAR] == "accepted"
    withdraw(folder.warehouse, FAR)
    assert _outcomes(folder, allow_future_dates=True)[FAR] == "withdrawn"
    assert folder.query("SELECT count(*) FROM raw.migration", date(2036, 1, 1)) == [(10,)]


def test_withdrawn_stays_on_record_and_counts_nothing(folder: Folder) -> None:
    folder.put("migration_full_20260101.csv", GOOD)
    delta = folder.put("migration_delta_20260102.csv", DELTA + b"U,x,FORWARD,2026-01-01\n")
    folder.load()
    (taken,) = withdraw(folder.warehouse, str(delta))
    assert (taken.accepted, taken.was_withdrawn) == (1, False)
    assert withdraw(folder.warehouse, "migration/migration_delta_20260102.csv")[0].was_withdrawn
    assert folder.query(
        "SELECT outcome, error, lines, accepted, quarantined, repeated, noted FROM raw.load "
        "WHERE kind = 'delta'"
    ) == [("withdrawn", None, 0, 0, 0, 0, 0)]
    assert folder.query("FROM raw.quarantined_row") == []
    assert folder.query("SELECT count(*) FROM raw.migration") == [(10,)]
    outcome = next(file for file in folder.load().files if file.kind == "delta")
    assert (outcome.outcome, outcome.lines) == ("withdrawn", 0)
    assert "is not loaded again" in outcome.detail
    for path in folder.warehouse.glob("lake/*/*delta*"):
        path.unlink()  # even if its rows are lost
    assert _outcomes(folder)["migration_delta_20260102.csv"] == "withdrawn"
    folder.put("migration_delta_20260102.csv", DELTA)
    assert _outcomes(folder)["migration_delta_20260102.csv"] == "accepted"
    folder.put("migration_delta_20260102.csv", DELTA + b"U,x,FORWARD,2026-01-01\n")
    assert _outcomes(folder)["migration_delta_20260102.csv"] == "withdrawn"
    assert folder.query("SELECT count(*) FROM raw.migration") == [(11,)]


def test_a_withdrawn_full_is_no_measure_and_keeps_no_slot(folder: Folder) -> None:
    folder.put("migration_full_20260101.csv", GOOD)
    folder.put("migration_full_20260102.csv", GOOD[: len(HEAD) + 5 * 33])
    assert _outcomes(folder)["migration_full_20260102.csv"] == "SHRUNK"
    withdraw(folder.warehouse, "migration_full_20260101.csv")
    assert _outcomes(folder)["migration_full_20260102.csv"] == "skipped"
    assert folder.query("SELECT count(*) FROM raw.migration") == [(5,)]
    folder.put("migration_full_20260101_00.csv", GOOD)
    assert _outcomes(folder)["migration_full_20260101_00.csv"] == "accepted"


def test_one_supply_of_several(folder: Folder) -> None:
    name = "migration_full_20260101.csv"
    for content in (GOOD, GOOD + b"3012345678901,FORWARD,2026-01-01\n"):
        folder.put(name, content)
        folder.load()
    first, second = (entry.sha256 for entry in LoadLog(folder.warehouse).entries)
    assert [each.sha256 for each in withdraw(folder.warehouse, name, second[:12])] == [second]
    assert folder.query("SELECT count(*) FROM raw.migration") == [(10,)]
    empty = short("withdraw", name, "--sha256", "", "--warehouse", folder.warehouse, expect=2)
    assert "is empty" in empty.output
    assert {each.sha256 for each in withdraw(folder.warehouse, name)} == {first, second}
    assert folder.query("SELECT count(*) FROM raw.migration") == [(0,)]


def test_what_cannot_be_withdrawn(folder: Folder) -> None:
    with pytest.raises(PipelineError, match="No file is in this warehouse"):
        withdraw(folder.warehouse, FAR)
    folder.put("migration_full_20260101.csv", GOOD)
    folder.put("migration_full_20260102.csv", b"")
    folder.load()
    with pytest.raises(PipelineError, match=r"Near names: .*_20260101\.csv"):
        withdraw(folder.warehouse, "migration_full_20260110.csv")
    with pytest.raises(PipelineError, match=r"was refused \(EMPTY\)"):
        withdraw(folder.warehouse, "migration_full_20260102.csv")
    with pytest.raises(PipelineError, match="begins with abc"):
        withdraw(folder.warehouse, "migration_full_20260101.csv", "abc")
    with pytest.raises(PipelineError, match="No file stage/"):
        withdraw(folder.warehouse, "stage/migration_full_20260101.csv")


@pytest.mark.parametrize("name", ["migration_full_20260101.csv", "migration_delta_20260102.csv"])
def test_an_increment_sees_that_a_file_is_gone(folder: Folder, name: str) -> None:
    """What the earlier day knew is what it knew then: the build starts from scratch."""
    folder.put("migration_full_20260101.csv", GOOD)
    folder.put("migration_delta_20260102.csv", DELTA)
    folder.load()
    known = {entry.identity for entry in LoadLog(folder.warehouse).entries}
    earlier, later = Known(date(2026, 1, 3), known), Known(date(2026, 1, 4))
    assert new_deltas(Warehouse(folder.warehouse), earlier, later) == []
    withdraw(folder.warehouse, name)
    assert new_deltas(Warehouse(folder.warehouse), earlier, later) is None
    then = states(folder.warehouse, earlier.day, known)["migration"]
    assert then.full is not None
    assert len(then.deltas) == 1


def test_from_the_command_line(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put("migration_full_20261130.csv", GOOD)
    folder.put(FAR, DELTA)
    where = ("--landing", folder.landing, "--warehouse", folder.warehouse)
    assert f"{FAR} was refused, FUTURE_DATE" in pipeline("load", *where).stderr
    pipeline("load", *where, "--allow-future-dates")
    said = pipeline("withdraw", FAR, "--warehouse", folder.warehouse).stdout
    assert "1 accepted lines are taken back" in said
    again = pipeline("withdraw", FAR, "--warehouse", folder.warehouse, "--json").stdout
    assert json.loads(again)[0]["was_withdrawn"]
    loaded = json.loads(pipeline("load", *where, "--json", "--allow-future-dates").stdout)
    assert {file["outcome"] for file in loaded} == {"skipped", "withdrawn"}
    pipeline("withdraw", "nothing.csv", "--warehouse", folder.warehouse, expect=3)
