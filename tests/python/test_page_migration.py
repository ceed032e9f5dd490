"""Migration: its figures are those of the marts, its words those of the side of M14."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dashboards.components.outlook import outlook_sentence, pace_title
from dashboards.components.tiles import GSP_GROUP_PLACES, spread, steps_of, wrapped
from dashboards.components.words import GSP_GROUP
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
def test_cards_are_the_figures_of_the_marts(market_warehouse: Path, day: str) -> None:
    text = text_of(open_page("migration", asof=publication_id(market_warehouse, day)))
    (outlook,) = rows_of(market_warehouse, "from marts.rpt_m15_outlook", day)
    (headline,) = rows_of(market_warehouse, "from marts.rpt_m14_headline", day)
    assert outlook["migrated_share"] == pytest.approx(headline["migrated_share"])
    assert outlook["migrated_kwh_share"] == pytest.approx(headline["migrated_kwh_share"])
    assert f"{headline['migrated_points']:,} of {headline['live_metering_points']:,} live" in text
    for figure in (
        f'<p class="value ">{headline["migrated_share"] * 100:.1f} %</p>',
        f'<p class="value ">{headline["migrated_kwh_share"] * 100:.1f} %</p>',
        f'<p class="value ">{headline["reverse_migrations_28_days"]:,}</p>',
    ):
        assert figure in text
    banned = value_of(
        market_warehouse, "select count(*) from marts.fct_exception where rule_id = 'SUP-05'", day
    )
    assert outlook["reverse_migrations_from_m14"] == banned


def test_before_m14_a_reverse_migration_is_no_breach_yet(market_warehouse: Path) -> None:
    app = open_page("migration", asof=publication_id(market_warehouse, BEFORE))
    assert "from M14 (28 October 2026) on each one is a breach" in lead_of(app)
    assert not any("on or after M14 (SUP-05)" in label for label in links_of(app))


def test_from_m14_on_each_reverse_migration_is_a_breach(market_warehouse: Path) -> None:
    app = open_page("migration")
    banned = value_of(
        market_warehouse, "select reverse_migrations_from_m14 from marts.rpt_m15_outlook"
    )
    said = lead_of(app)
    if banned:
        assert f"Reverse Migration has not ended: {banned:,} since M14 (28 October 2026)" in said
        assert "a breach" in said
    else:
        assert "Reverse Migration has ended: none since M14" in said
    assert links_of(app)["See the Reverse Migrations on or after M14 (SUP-05)"] == "rule_id=SUP-05"


def test_charts_by_day_end_on_the_headline(market_warehouse: Path) -> None:
    app = open_page("migration")
    (headline,) = rows_of(market_warehouse, "from marts.rpt_m14_headline")
    (outlook,) = rows_of(market_warehouse, "from marts.rpt_m15_outlook")
    points = figure_of(app, "migrated_points")["data"]
    assert points[0]["y"][-1] == headline["migrated_points"]
    assert points[1]["y"] == [headline["migrated_points"], headline["live_metering_points"]]
    assert points[1]["x"][-1][:10] == str(outlook["m15_date"])
    assert points[2]["x"][-1][:10] == str(outlook["expected_complete_on"])
    energy = figure_of(app, "migrated_kwh")["data"]
    share = headline["migrated_kwh_share"]
    assert energy[0]["y"][-1] / energy[1]["y"][-1] == pytest.approx(share)
    assert all("yaxis" not in trace for trace in points + energy)  # never a second axis


def test_reverse_migrations_are_those_of_the_half_year(market_warehouse: Path) -> None:
    bars = figure_of(open_page("migration"), "reverse_migrations")["data"]
    expected = rows_of(
        market_warehouse,
        """
        select date_day >= m14_date as is_banned, sum(metering_points) as points
        from marts.rpt_daily_flow cross join marts.rpt_m15_outlook
        where flow = 'REVERSE' and date_day > as_of - 182
        group by 1 order by 1
        """,
    )
    shown = [sum(trace["y"]) for trace in bars]
    by_side = {row["is_banned"]: row["points"] for row in expected}
    assert shown == [by_side.get(False, 0), by_side.get(True, 0)]


def test_what_is_left_by_supplier_adds_up(market_warehouse: Path) -> None:
    table = table_of(open_page("migration"), 0)
    left = value_of(market_warehouse, "select points_to_migrate from marts.rpt_m15_outlook")
    assert table["To migrate"].sum() == left
    short = table["Short by"].to_list()
    assert short == sorted(short, reverse=True)
    needed = value_of(market_warehouse, "select needed_per_working_day from marts.rpt_m15_outlook")
    assert table["Needed a day"].sum() == pytest.approx(needed)


def test_the_tiles_are_the_gsp_groups(market_warehouse: Path) -> None:
    app = open_page("migration")
    rows = rows_of(market_warehouse, "from marts.rpt_gsp_group_progress")
    written = [each["text"] for each in figure_of(app, "gsp_group_map")["layout"]["annotations"]]
    for row in rows:
        name = GSP_GROUP[row["gsp_group_id"]].split()[0]
        share = f"<b>{row['migrated_share'] * 100:.1f}\u00a0%</b>"
        assert any(text.startswith(name) and text.endswith(share) for text in written)
    table = table_of(app, 1)
    held = value_of(market_warehouse, "select points_not_qualified from marts.rpt_m14_headline")
    assert table["Held, not Qualified"].sum() == held
    assert set(table["GSP group"]) == {GSP_GROUP[row["gsp_group_id"]] for row in rows}


def test_every_chart_has_its_alternative_text_and_table() -> None:
    app = open_page("migration")
    charts = app.get("plotly_chart")
    assert len(charts) == 5
    assert all(chart.proto.alt.endswith("Refer to the table below.") for chart in charts)
    assert [each.label for each in app.expander] == ["The same numbers as a table"] * 5


def test_an_empty_publication_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "published").mkdir()
    make_publication(tmp_path / "published", EMPTY_DAY, empty=True)
    (tmp_path / "published" / "CURRENT").write_text(fixture_id(EMPTY_DAY))
    monkeypatch.setenv("MHHS_WAREHOUSE", str(tmp_path))
    app = open_page("migration")
    assert "holds no live Metering Points, so nothing can migrate" in text_of(app)
    assert not app.get("plotly_chart")


def outlook(**changes: Any) -> dict[str, Any]:
    return {
        "as_of": date(2026, 11, 10),
        "m14_date": date(2026, 10, 28),
        "m15_date": date(2027, 5, 7),
        "days_to_m15": 178,
        "points_to_migrate": 900,
        "kwh_to_migrate": 5e6,
        "expected_complete_on": date(2027, 2, 8),
        "days_margin_to_m15": 88,
        "kwh_expected_complete_on": date(2027, 5, 7),
        "kwh_days_margin_to_m15": 0,
        "points_at_suppliers_too_slow": 3,
        "verdict": "IN_REACH",
        "reverse_migrations_from_m14": 0,
        "last_reverse_migration_on": date(2026, 10, 20),
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "M15 (7 May 2027) is in reach</strong>: 900 Metering Points have to migrate"),
        ({}, "through on 8 Feb 2027, 88 days before it and the energy on 7 May 2027, the very day"),
        ({}, "Reverse Migration has ended: none since M14 (28 October 2026)."),
        ({}, "900 Metering Points have to migrate, 3 with Suppliers that are too slow for M15;"),
        ({"points_at_suppliers_too_slow": 0}, "900 Metering Points have to migrate; at the"),
        ({"days_margin_to_m15": -1}, "1 day after it"),
        ({"verdict": "AT_RISK"}, "is at risk</strong>"),
        ({"verdict": "REACHED", "points_to_migrate": 1}, "is reached</strong>: 1 Metering Point"),
        ({"points_at_suppliers_too_slow": None}, "900 Metering Points have to migrate; at the"),
        ({"kwh_expected_complete_on": None, "kwh_days_margin_to_m15": None}, "not in sight"),
        ({"kwh_to_migrate": 0, "kwh_expected_complete_on": None}, "the energy already"),
        ({"points_to_migrate": 1}, "1 Metering Point has to migrate"),
        ({"points_to_migrate": 0}, "Every live Metering Point has migrated</strong>"),
        ({"verdict": "MISSED"}, "M15 (7 May 2027) was missed</strong>: 900 Metering Points"),
        ({"reverse_migrations_from_m14": 1}, "1 since M14 (28 October 2026), it is a breach"),
        ({"as_of": date(2026, 10, 27)}, "7 Reverse Migrations in 28 days; from M14"),
    ],
)
def test_the_sentence_on_every_side_of_the_milestones(changes: dict[str, Any], says: str) -> None:
    assert says in outlook_sentence(outlook(**changes), 7).replace("\u00a0", " ")


def test_the_title_of_a_pace_says_whether_it_does() -> None:
    assert pace_title("80 %", "9", "8", 3) == "80 %, and 9 a working day meet the 8 that M15 needs"
    assert pace_title("80 %", "7", "8", -3).startswith("80 %, but 7 a working day fall short")
    assert pace_title("80 %", "0", "8", None).startswith("80 %, but 0 a working day fall short")
    assert pace_title("80 %", "0", None, None) == "80 %"


def test_tiles_have_a_place_for_every_group_and_round_steps() -> None:
    assert set(GSP_GROUP_PLACES) == set(GSP_GROUP)
    assert len(set(GSP_GROUP_PLACES.values())) == len(GSP_GROUP)
    narrow = steps_of([0.802, 0.825], 5)
    assert [narrow.words(step).replace("\u00a0", " ") for step in range(narrow.count)] == [
        "80 to 81 %",
        "81 to 82 %",
        "82 to 83 %",
    ]
    assert narrow.of(0.81) == 1
    wide = steps_of([0.0, 1.0], 5)
    assert (wide.count, wide.of(0.0), wide.of(1.0)) == (5, 0, 4)
    assert steps_of([0.5], 5).count == 1
    assert [spread(step, 3, 5) for step in range(3)] == [2, 3, 4]
    assert wrapped("Merseyside and North Wales", 12) == ["Merseyside", "and North", "Wales"]
