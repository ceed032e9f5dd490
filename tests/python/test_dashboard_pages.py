"""Every page on the fixture publications: words, filters, states. No browser."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import data
from tests.app_pages import link_of
from tests.fixture_publication import (
    AFTER,
    BEFORE,
    FORMULA,
    PROJECT,
    add_failure,
    make_publication,
    make_warehouse,
    publication_id,
)

PAGES = ("overview", "suppliers", "exceptions")
DAY_AFTER = "2026-11-11"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, fixture_warehouse: Path) -> None:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(fixture_warehouse))
    monkeypatch.setenv("MHHS_TODAY", DAY_AFTER)


def open_page(name: str, /, **parameters: str | list[str]) -> AppTest:
    app = AppTest.from_file(str(PROJECT / "dashboards/app.py"), default_timeout=30)
    app.run()
    for parameter, value in parameters.items():
        app.query_params[parameter] = value
    app.switch_page(f"views/{name}.py").run()
    assert not app.exception, app.exception
    return app


def text_of(app: AppTest) -> str:
    parts = [element.proto.body for element in app.get("html")]
    for kind in (app.markdown, app.title, app.header, app.info, app.success, app.error):
        parts += [str(element.value) for element in kind]
    return "\n".join(parts).replace("\u00a0", " ")


def value(day: date, sql: str, warehouse: Path) -> int:
    path = (warehouse / "published" / f"{publication_id(day)}.duckdb").resolve()
    return int(data.store.query(str(path), sql).item())


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("day", [BEFORE, AFTER])
def test_each_page_renders_on_each_publication(page: str, day: date) -> None:
    app = open_page(page, asof=publication_id(day))
    assert app.title[0].value == page.capitalize()
    assert f"Data as of <b>{day.day} {day:%b %Y}</b>" in text_of(app)
    assert "Quality gate passed: 214 tests" in text_of(app)


def test_headline_speaks_of_risk_before_m14() -> None:
    text = text_of(open_page("overview", asof=publication_id(BEFORE)))
    assert "2,220 Metering Points (2.6 %) are at risk" in text
    assert "held by 5 Suppliers that are not Qualified for them, 8 days before M14" in text
    assert "in breach" not in text


def test_headline_speaks_of_breach_from_m14_on() -> None:
    text = text_of(open_page("overview"))
    assert "1,570 Metering Points (1.9 %) are in breach" in text
    assert "13 days after M14 (28 October 2026)" in text
    assert "at risk" not in text
    assert "Days since M14" in text


def test_cards_are_the_marts_figures(fixture_warehouse: Path) -> None:
    text = text_of(open_page("overview"))
    held = value(
        AFTER, "select points_not_qualified from marts.rpt_m14_headline", fixture_warehouse
    )
    listed = value(
        AFTER,
        "select count(*) from marts.fct_exception where rule_id = 'SUP-01' and status = 'OPEN'",
        fixture_warehouse,
    )
    assert held == listed
    for figure in (f"{held:,}", "16 of 20", "1,582", "5.5 GWh a year"):
        assert figure in text


def test_changes_since_the_last_publication_come_from_the_summary() -> None:
    assert "49 new exceptions, 48 resolved" in text_of(open_page("overview"))


def test_every_chart_has_its_alternative_text_and_table() -> None:
    app = open_page("overview")
    charts = app.get("plotly_chart")
    assert len(charts) == 3
    for chart in charts:
        assert chart.proto.alt.endswith("Refer to the table below.")
        assert "colorway" in chart.proto.spec
    assert [each.label for each in app.expander] == ["The same numbers as a table"] * 3


def test_filters_come_from_the_address_and_unknown_values_stay_in_it() -> None:
    app = open_page(
        "exceptions",
        rule_id=["SUP-03", "NOPE"],
        severity="BREACH",
        occurred_from="2026-11-01",
        occurred_to="2026-99-99",
        change="NEW",
        page="9",
    )
    assert app.multiselect(key="rule_id").value == ["SUP-03"]
    assert app.multiselect(key="severity").value == ["BREACH"]
    assert app.date_input(key="occurred_from").value == date(2026, 11, 1)
    assert app.date_input(key="occurred_to").value is None
    assert app.multiselect(key="change").value == ["NEW"]
    assert app.query_params == {
        "rule_id": ["SUP-03", "NOPE"],
        "severity": "BREACH",
        "occurred_from": "2026-11-01",
        "occurred_to": "2026-99-99",
        "change": "NEW",
    }


def test_choosing_a_filter_changes_rows_and_address(fixture_warehouse: Path) -> None:
    app = open_page("exceptions")
    app.multiselect(key="mpid").set_value(["WILL", "-"]).run()
    expected = value(
        AFTER,
        "select count(*) from marts.fct_exception where mpid = 'WILL' or mpid is null",
        fixture_warehouse,
    )
    assert f"**{expected:,} exceptions** match the filters" in text_of(app)
    assert app.query_params["mpid"] == ["WILL", "-"]
    next(each for each in app.button if each.label == "Clear filters").click().run()
    assert "exceptions** in all" in text_of(app)
    assert "mpid" not in app.query_params


def test_an_address_that_changes_from_outside_is_followed() -> None:
    app = open_page("exceptions", rule_id="SUP-01")
    app.query_params["rule_id"] = "QAL-01"
    app.run()
    assert app.multiselect(key="rule_id").value == ["QAL-01"]


def test_the_permanent_link_pins_publication_and_filters() -> None:
    app = open_page("exceptions", rule_id="SUP-01", mpid=["SORB", "YEWX"])
    link = link_of(app)
    assert f"asof={publication_id(AFTER)}" in link
    assert "rule_id=SUP-01&mpid=SORB&mpid=YEWX" in link
    assert "asof" not in app.query_params  # the newest publication is the default


def test_an_earlier_publication_stays_chosen_on_the_next_page() -> None:
    app = open_page("exceptions", asof=publication_id(BEFORE))
    app.query_params.clear()
    app.switch_page("views/overview.py").run()
    assert app.selectbox(key="asof").value == publication_id(BEFORE)
    assert app.query_params["asof"] == publication_id(BEFORE)
    assert "An earlier publication" in text_of(app)


def test_supplier_filters_narrow_the_table() -> None:
    app = open_page("suppliers", asof=publication_id(BEFORE), missing="DIP_MGR", q="thorn")
    assert "**1 of 20 Suppliers**" in text_of(app)
    app.text_input(key="q").set_value("nobody").run()
    assert "No Suppliers match these filters." in text_of(app)
    assert "Select a row" not in text_of(app)
    app.button[0].click().run()
    assert "**20 of 20 Suppliers**" in text_of(app)


def test_supplier_detail_shows_stages_approvals_and_exceptions() -> None:
    app = open_page("supplier", mpid="SORB")
    text = text_of(app)
    assert "Sorbus Supply \\(SORB\\)" in text
    assert "3 of 5 stages are complete, 2 overdue" in text
    assert "BSC Performance Assurance Board" in text
    assert "12 Oct 2026, passed" in text
    links = [element.proto.label for element in app.get("page_link")]
    assert any(label.startswith("**800**") for label in links)


def test_names_from_files_are_text_everywhere() -> None:
    app = open_page("supplier", mpid="HYPE")
    assert FORMULA not in "".join(element.proto.body for element in app.get("html"))
    assert "=HYPERLINK(&quot;x&quot;) (HYPE)" not in text_of(app)  # escaped once, for Markdown
    assert r"\=HYPERLINK" in text_of(app)


@pytest.mark.parametrize("page", PAGES)
def test_empty_marts_say_what_to_do(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = tmp_path / "published"
    published.mkdir()
    make_publication(published, AFTER, empty=True)
    (published / "CURRENT").write_text(publication_id(AFTER))
    monkeypatch.setenv("MHHS_WAREHOUSE", str(tmp_path))
    text = text_of(open_page(page))
    assert {
        "overview": "Nothing to compare with yet",
        "suppliers": "holds no Supplier",
        "exceptions": "No rule found an exception",
    }[page] in text


def test_without_a_publication_the_page_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(tmp_path))
    app = AppTest.from_file(str(PROJECT / "dashboards/app.py")).run()
    assert not app.exception
    assert app.title[0].value == "No publication yet"
    assert "make demo" in app.code[0].value
    assert "python -m pipeline run" in app.code[0].value


def test_a_publication_that_is_gone_is_not_replaced_silently() -> None:
    app = AppTest.from_file(str(PROJECT / "dashboards/app.py"))
    app.query_params["asof"] = "20260101-gone"
    app.run()
    assert app.title[0].value == "This publication is not kept"
    assert not app.get("plotly_chart")


def test_a_failed_gate_is_shown_on_the_current_publication_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = make_warehouse(tmp_path / "warehouse")
    add_failure(warehouse)
    monkeypatch.setenv("MHHS_WAREHOUSE", str(warehouse))
    assert "failed its gate and was not published: identity_points_add_up" in text_of(
        open_page("overview")
    )
    before = open_page("overview", asof=publication_id(BEFORE))
    assert "failed its gate" not in text_of(before)


def test_old_registration_files_are_called_old(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Newest registration file 10 Nov 2026" in text_of(open_page("overview"))
    monkeypatch.setenv("MHHS_TODAY", "2026-11-14")
    assert "Newest registration file is 4 days old" in text_of(open_page("overview"))


@pytest.mark.parametrize("page", [*PAGES, "changes", "point", "health"])
def test_a_warm_page_takes_less_than_half_a_second(page: str) -> None:
    app = open_page(page, **({"mpan": "0000000000001"} if page == "point" else {}))
    times = []
    for _ in range(5):
        start = time.perf_counter()
        app.run()
        times.append(time.perf_counter() - start)
    assert min(times) < 0.5, times
