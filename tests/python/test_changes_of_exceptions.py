"""What becomes of one exception between two publications, and why: every kind of change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pytest

from pipeline.compare import _CHANGES

COLUMNS = (
    "exception_id, rule_id, subject_key, mpan, mpid, participant_name, severity, status, "
    "occurred_on, ended_on, reason_detail, reason_code, market_segment, is_in_flight"
)
Found = tuple[str, str, str]  # id, status and severity

OPEN, CLOSED, RECORDED = "OPEN", "CLOSED", "RECORDED"
ONE = ("x", OPEN, "BREACH")
KINDS: dict[str, tuple[Sequence[Found], Sequence[Found], Sequence[Found], set[tuple[str, ...]]]] = {
    # before, before with what was known later, after: changes and their causes
    "as it was": ([ONE], [ONE], [ONE], set()),
    "begins": ([], [], [ONE], {("x", "ADDED", "REAL")}),
    "was not known": ([], [ONE], [ONE], {("x", "ADDED", "CORRECTION")}),
    "ends": ([ONE], [ONE], [("x", CLOSED, "BREACH")], {("x", "RESOLVED", "REAL")}),
    "goes": ([ONE], [ONE], [], {("x", "RESOLVED", "REAL")}),
    "never was": ([ONE], [], [], {("x", "RESOLVED", "CORRECTION")}),
    "had ended": (
        [ONE],
        [("x", CLOSED, "BREACH")],
        [("x", CLOSED, "BREACH")],
        {("x", "RESOLVED", "CORRECTION")},
    ),
    "escalates": (
        [("x", OPEN, "WARNING")],
        [("x", OPEN, "WARNING")],
        [ONE],
        {("x", "ESCALATED", "REAL")},
    ),
    "was a breach already": (
        [("x", OPEN, "WARNING")],
        [ONE],
        [ONE],
        {("x", "ESCALATED", "CORRECTION")},
    ),
    "eases": ([ONE], [ONE], [("x", OPEN, "REVIEW")], {("x", "EASED", "REAL")}),
    "re-opens": (
        [("x", CLOSED, "BREACH")],
        [("x", CLOSED, "BREACH")],
        [ONE],
        {("x", "ADDED", "REAL")},
    ),
    "had not ended, and escalates": (
        [("x", CLOSED, "WARNING")],
        [("x", OPEN, "WARNING")],
        [ONE],
        {("x", "ADDED", "CORRECTION")},
    ),
    "is recorded": ([], [], [("x", RECORDED, "REVIEW")], {("x", "ADDED", "REAL")}),
    "is no longer on record": (
        [("x", RECORDED, "REVIEW")],
        [],
        [],
        {("x", "RE_STATED", "CORRECTION")},
    ),
    "is first seen when it is over": (
        [],
        [],
        [("x", CLOSED, "BREACH")],
        {("x", "RE_STATED", "REAL")},
    ),
    "began on another day": (
        [ONE],
        [("y", OPEN, "BREACH")],
        [("y", OPEN, "BREACH")],
        {("y", "RE_STATED", "CORRECTION")},
    ),
    "happened on another day": (
        [("x", RECORDED, "REVIEW")],
        [("y", RECORDED, "REVIEW")],
        [("y", RECORDED, "REVIEW")],
        {("y", "RE_STATED", "CORRECTION")},
    ),
}


def changes(
    before: Sequence[Found], hindsight: Sequence[Found], after: Sequence[Found]
) -> set[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        for name, rows in (("a", before), ("k_large", hindsight), ("b", after)):
            connection.execute(f"attach ':memory:' as {name}; create schema {name}.marts")
            connection.execute(
                f"create table {name}.marts.fct_exception as select "
                + ", ".join(f"null::varchar as {each}" for each in COLUMNS.split(", "))
                + " where false"
            )
            for exception_id, status, severity in rows:
                connection.execute(
                    f"insert into {name}.marts.fct_exception by name select $id as exception_id, "
                    "'SUP-01' as rule_id, 'R-1' as subject_key, $status as status, "
                    "$severity as severity",
                    {"id": exception_id, "status": status, "severity": severity},
                )
        sql = _CHANGES.format(otherwise="CORRECTION")
        found = connection.execute(f"select exception_id, change, cause from ({sql})").fetchall()
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_change(kind: str) -> None:
    before, hindsight, after, expected = KINDS[kind]
    assert changes(before, hindsight, after) == expected
