"""Qualification plan: tranches, overdue stages, and how expected days moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from dashboards import data
from dashboards.components import slippage
from dashboards.data import View
from tests.app_pages import open_page
from tests.fixture_publication import AFTER as EMPTY_DAY
from tests.fixture_publication import make_publication
from tests.fixture_publication import publication_id as fixture_id
from tests.market_pages import (
    AFTER,
    BEFORE,
    figure_of,
    lead_of,
    links_of,
    publication_id,
    rows_of,
    table_of,
    text_of,
    value_of,
)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, market_warehouse: Path) -> None:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(market_warehouse))
    monkeypatch.setenv("MHHS_TODAY", "2026-11-10")


@pytest.mark.parametrize("day", [BEFORE, AFTER])
def test_overdue_stages_are_those_of_the_mart(market_warehouse: Path, day: str) -> None:
    app = open_page("plan", asof=publication_id(market_warehouse, day))
    stages = value_of(
        market_warehouse, "select count(*) from marts.fct_stage where is_overdue", day
    )
    qads = value_of(
        market_warehouse,
        "select count(*) from marts.fct_stage where is_overdue and stage like 'QAD%'",
        day,
    )
    assert stages
    assert f"{stages:,} stages of" in lead_of(app)
    assert f"{qads:,} of them a QAD" in lead_of(app)
    table = table_of(app)
    assert table.height == stages
    assert table["Days late"].to_list() == sorted(table["Days late"].to_list(), reverse=True)
    assert links_of(app)[
        "See the rule's list: stages overdue of parties not Qualified (QAL-02)"
    ].endswith("rule_id=QAL-02")


def test_words_of_both_sides_of_m14(market_warehouse: Path) -> None:
    before = lead_of(open_page("plan", asof=publication_id(market_warehouse, BEFORE)))
    assert "at risk of missing M14 (28 October 2026)" in before
    assert "breach" not in before
    after = lead_of(open_page("plan"))
    waiting = value_of(
        market_warehouse, "select suppliers - suppliers_qualified from marts.rpt_m14_headline"
    )
    assert f"{waiting:,} of " in after
    assert "in breach of M14 (28 October 2026)" in after


def test_tiles_are_the_mart_for_the_roles_chosen(market_warehouse: Path) -> None:
    app = open_page("plan", market_role="SUP")
    assert app.multiselect(key="market_role").value == ["SUP"]
    rows = rows_of(
        market_warehouse, "from marts.rpt_tranche_progress where market_role = 'SUP' order by all"
    )
    written = [
        each["text"].partition("<br>")[0]
        for each in figure_of(app, "tranche_progress")["layout"]["annotations"]
        if each.get("text", "").count(" of ") and "publication" not in each["text"]
    ]
    assert sorted(written) == sorted(f"{row['completed']:,} of {row['parties']:,}" for row in rows)
    overdue = sum(row["overdue"] for row in rows)
    assert table_of(app).height == overdue
    app.multiselect(key="market_role").set_value([]).run()
    assert "market_role" not in app.query_params


def test_only_qads_can_be_asked_for_and_the_address_keeps_it(market_warehouse: Path) -> None:
    app = open_page("plan", qad="true")
    qads = value_of(
        market_warehouse,
        "select count(*) from marts.fct_stage where is_overdue and stage like 'QAD%'",
    )
    table = table_of(app)
    assert table.height == qads
    assert set(table["Stage"]) <= {"Initial QAD", "Final QAD"}
    assert app.query_params["qad"] == "true"


def test_slippage_is_the_difference_of_two_publications(market_warehouse: Path) -> None:
    app = open_page("plan")
    sql = (
        "select mpid, market_role, is_qualified, forecast_qualification_on as day from ("
        "select mpid, 'SUP' as market_role, is_qualified, forecast_qualification_on "
        "from marts.rpt_supplier_readiness union all "
        "select mpid, market_role, is_qualified, forecast_qualification_on "
        "from marts.rpt_agent_readiness)"
    )
    before = {
        (r["mpid"], r["market_role"]): r["day"] for r in rows_of(market_warehouse, sql, BEFORE)
    }
    moved = {
        party: (row["day"] - before[party]).days
        for row in rows_of(market_warehouse, sql)
        if not row["is_qualified"]
        and (party := (row["mpid"], row["market_role"])) in before
        and row["day"]
        and before[party]
        and row["day"] != before[party]
    }
    assert moved
    assert f"by up to {max(moved.values())} day" in text_of(app)
    shown = figure_of(app, "slippage")["data"]
    days = [
        (date.fromisoformat(now[:10]) - date.fromisoformat(then[:10])).days
        for then, now in zip(shown[0]["x"], shown[1]["x"], strict=True)
    ]
    assert days == sorted(moved.values(), reverse=True)


def test_one_publication_has_nothing_to_compare_with(market_warehouse: Path) -> None:
    app = open_page("plan", asof=publication_id(market_warehouse, BEFORE))
    assert "No earlier publication to compare with" in text_of(app)


def view(as_of: date, built: int = 0) -> View:
    return View(
        path="",
        publication_id=f"{as_of:%Y%m%d}-{built}",
        as_of=as_of,
        built_at=datetime(2026, 12, 1, tzinfo=UTC) + timedelta(seconds=built),
        tests_passed=1,
        is_current=False,
    )


def test_of_many_publications_the_ends_and_some_between_are_compared() -> None:
    days = [date(2026, 6, 1) + timedelta(days=number) for number in range(90)]
    kept = [view(day) for day in days] + [view(days[3], built=1)]
    shown = view(days[60])
    found = data.plan.compared(kept, shown)
    assert len(found) == data.plan.MOST_COMPARED
    assert (found[0].as_of, found[-1]) == (days[0], shown)
    assert found[-2].as_of == days[59]
    assert [each.as_of for each in found] == sorted(each.as_of for each in found)
    few = data.plan.compared([view(days[3]), view(days[3], built=1), shown], shown)
    assert [each.publication_id[-1] for each in few] == ["1", "0"]
    assert data.plan.compared([shown], shown) == [shown]


def test_movements_leave_out_the_qualified_and_those_without_a_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, last = view(date(2026, 10, 20)), view(date(2026, 11, 10))
    day = date(2026, 12, 1)
    expected = {
        first: {"LATE": day, "SAME": day, "DONE": day, "NONE": day, "SOON": day, "NEWD": None},
        last: {
            "LATE": day + timedelta(days=9),
            "SAME": day,
            "DONE": day + timedelta(days=9),
            "NONE": None,
            "SOON": day - timedelta(days=2),
            "NEWD": day,
        },
    }

    def rows(asked: View) -> pl.DataFrame:
        return pl.DataFrame(
            [
                {
                    "mpid": mpid,
                    "market_role": "SUP",
                    "participant_name": mpid,
                    "is_qualified": mpid == "DONE",
                    "planned_on": day,
                    "expected_on": on,
                }
                for mpid, on in expected[asked].items()
            ]
        )

    monkeypatch.setattr(data.plan, "expected", rows)
    found = slippage.movements([first, last], [])
    assert [(each["mpid"], each["slipped"]) for each in found] == [("LATE", 9), ("SOON", -2)]
    assert slippage.movements([first, last], ["MSS"]) == []
    assert slippage.movements([replace(first), last], ["SUP"]) == found


def test_an_empty_publication_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "published").mkdir()
    make_publication(tmp_path / "published", EMPTY_DAY, empty=True)
    (tmp_path / "published" / "CURRENT").write_text(fixture_id(EMPTY_DAY))
    monkeypatch.setenv("MHHS_WAREHOUSE", str(tmp_path))
    app = open_page("plan")
    assert "holds no stage of Qualification" in text_of(app)
