"""What moved between two publications, each change with its cause: one of every kind."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.command import PROJECT, pipeline
from tests.short import short

CASE = PROJECT / "tests" / "golden" / "cases" / "switch_at_m14" / "landing"
BEFORE, AFTER, LATER = "2026-11-10", "2026-11-11", "2026-11-12"
REGISTRATIONS = """\
change_type,registration_id,mpan,supplier_mpid,registration_type,registration_status,requested_at,effective_from,effective_to,market_segment,gsp_group_id,rmp_status,mp_status,annual_kwh
U,R-27,1000000000012,ZNON,SWITCH,CANCELLED,,2026-10-27,,S,_A,O,R,3000
U,R-28-N,1000000000021,ZALL,SWITCH,ACTIVE,,2026-11-11,,S,_A,O,R,3000
U,R-F1,1000000000077,ZNON,SWITCH,ACTIVE,2026-10-27T23:30:00+00:00,2026-11-01,,S,_A,T,R,3000
U,R-F2,1000000000086,ZNON,SWITCH,ACTIVE,2026-10-28T00:30:00+01:00,2026-11-02,,S,_A,O,R,3000
U,R-LATE,1000000000138,ZNON,SWITCH,ACTIVE,,2026-11-09,,S,_A,O,R,3000
U,R-SOON,1000000000040,ZNON,SWITCH,PENDING,,2026-11-25,,S,_A,O,R,3000
"""
APPROVALS = (
    "change_type,mpid,market_role,approval_body,decision,segments,decided_on,effective_from,effective_to\n"
    + "".join(
        f"U,ZAUO,SUP,{body},APPROVED,SAU,2026-11-11,2026-11-11,\n"
        for body in ("BSC_PAB", "REC_CM", "DIP_MGR")
    )
)
EXPECTED = {
    # taken back: it never was
    ("SUP-01", "R-27", "RESOLVED", "CORRECTION"),
    # switched away, terminated, approved, all of the new day
    ("SUP-01", "R-28", "RESOLVED", "REAL"),
    ("SUP-01", "R-F1", "RESOLVED", "REAL"),
    ("SUP-01", "R-SC-S", "RESOLVED", "REAL"),
    # held since the new day
    ("SUP-01", "R-NEXT", "ADDED", "REAL"),
    ("SUP-03", "R-NEXT", "ESCALATED", "REAL"),
    # began a day later than was told, so under another id
    ("SUP-01", "R-F2", "RE_STATED", "CORRECTION"),
    ("SUP-03", "R-F2", "RE_STATED", "CORRECTION"),
    # held two days before anybody told
    ("SUP-01", "R-LATE", "ADDED", "CORRECTION"),
    ("SUP-03", "R-LATE", "ADDED", "CORRECTION"),
    # its Supplier is approved from the new day, which ends the effect of the gain
    ("SUP-03", "R-SC-S", "RESOLVED", "REAL"),
    # what was gained has been switched away
    ("SUP-03", "R-28", "RESOLVED", "REAL"),
    # registrations that this market overlaps
    ("INT-01", "R-28|R-28-N", "ADDED", "REAL"),
    ("INT-01", "R-13-OLD|R-LATE", "ADDED", "CORRECTION"),
    # asked for on the new day, for a day to come
    ("SUP-03", "R-SOON", "ADDED", "REAL"),
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("compared")
    landing = root / "landing"
    shutil.copytree(CASE, landing)
    run = ("run", "--landing", landing, "--warehouse", root / "w", "--as-of")
    short(*run, BEFORE, data_tests=True)
    day = AFTER.replace("-", "")
    (landing / "registration" / f"registration_delta_{day}.csv").write_text(REGISTRATIONS)
    (landing / "approval" / f"approval_delta_{day}.csv").write_text(APPROVALS)
    short(*run, AFTER, data_tests=True)
    return root / "w"


@pytest.fixture(scope="module")
def compared(warehouse: Path) -> dict[str, Any]:
    done = pipeline("compare", "20261110", "--warehouse", warehouse, "--json")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_each_change_has_its_cause(compared: dict[str, Any]) -> None:
    with closing(duckdb.connect()) as connection:
        found = connection.execute(
            "SELECT rule_id, subject_key, change, cause FROM read_parquet(?)",
            [compared["exceptions"]],
        ).fetchall()
        moved = connection.execute(
            "SELECT occurred_on_before::VARCHAR, occurred_on_after::VARCHAR FROM read_parquet(?) "
            "WHERE rule_id = 'SUP-01' AND subject_key = 'R-F2'",
            [compared["exceptions"]],
        ).fetchall()
    assert len(found) == len(set(found))
    assert set(found) == EXPECTED
    assert moved == [("2026-11-01", "2026-11-02")]


def test_every_figure_is_split(compared: dict[str, Any]) -> None:
    figures = {row["figure"]: row for row in compared["headline"]}
    # One registration taken back, one told of late: the correction leaves the number as it was.
    assert figures["points_not_qualified"] == {
        "figure": "points_not_qualified",
        "before": 7,
        "real": -2,
        "correction": 0,
        "after": 5,
    }
    for row in compared["headline"]:
        if row["real"] is not None and row["correction"] is not None:
            assert row["before"] + row["real"] + row["correction"] == pytest.approx(row["after"])


def test_counts_are_the_lists_counts(compared: dict[str, Any]) -> None:
    assert sum(row["exceptions"] for row in compared["changes"]) == len(EXPECTED)


def test_words_for_the_terminal(warehouse: Path, compared: dict[str, Any]) -> None:
    said = pipeline("compare", "20261110", "20261111", "--warehouse", warehouse).stdout
    assert "SUP-01  RESOLVED   REAL                   3" in said
    assert "points_not_qualified" in said
    assert compared["before"]["as_of"] == BEFORE


def test_the_history_says_why_an_exception_ended(warehouse: Path, compared: dict[str, Any]) -> None:
    pipeline("publish", "--warehouse", warehouse, "--as-of", LATER)
    rows = pipeline(
        "sql",
        "--warehouse",
        warehouse,
        "--json",
        "select h.end_cause, count(*) as n from fct_exception_history as h "
        f"where detected_to = '{AFTER}' group by all order by all",
    ).stdout
    assert [json.loads(line) for line in rows.splitlines()] == [
        {"end_cause": "CORRECTION", "n": 1},
        {"end_cause": "REAL", "n": 5},
        {"end_cause": "RE_STATED", "n": 2},
    ]


def test_a_comparison_the_wrong_way_round_is_refused(warehouse: Path) -> None:
    done = pipeline("compare", "20261111", "20261110", "--warehouse", warehouse, expect=3)
    assert "name the earlier one first" in done.stderr
    done = pipeline("compare", "2027", "--warehouse", warehouse, expect=4)
    assert "kept are" in done.stderr
