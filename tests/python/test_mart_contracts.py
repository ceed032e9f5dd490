"""No mart loses or retypes a column without a new number of the contract."""

from __future__ import annotations

from pipeline import CONTRACT_VERSION
from tests.mart_contracts import agreed, broken, declared


def test_no_column_is_dropped_or_retyped() -> None:
    number, before = agreed()
    assert number == CONTRACT_VERSION, "run `make contracts`"
    assert broken(before, declared()) == []


def test_what_is_new_is_on_record() -> None:
    assert declared() == agreed()[1], "run `make contracts`"


def test_a_dropped_and_a_retyped_column_are_noticed() -> None:
    before = {"dim_rule": {"rule_id": "varchar", "unit_tests": "bigint"}, "gone": {"id": "date"}}
    now = {"dim_rule": {"rule_id": "varchar", "unit_tests": "integer", "new": "date"}}
    assert broken(before, now) == [
        "dim_rule.unit_tests: bigint became integer",
        "gone.id: date became nothing",
    ]
