"""Addresses with values that a page cannot use, and the data strip."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from tests.app_pages import links_of, open_page, text_of
from tests.fixture_publication import AFTER, BEFORE, make_warehouse, publication_id

UNKNOWN = "NOPE-1"
CODES = {
    "suppliers": ("readiness_status", "tranche", "size_band", "market_segment", "missing"),
    "supplier": ("mpid",),
    "agents": ("market_role", "readiness_status", "tranche", "agent"),
    "networks": ("dno",),
    "plan": ("market_role", "qad"),
    "changes": ("before", "rule_id", "mpid", "change", "cause"),
    "exceptions": (
        "rule_id",
        "severity",
        "status",
        "mpid",
        "market_segment",
        "gsp_group_id",
        "change",
    ),
    "dictionary": ("part", "model"),
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, fixture_warehouse: Path) -> None:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(fixture_warehouse))
    monkeypatch.setenv("MHHS_TODAY", "2026-11-11")


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    root = make_warehouse(tmp_path / "warehouse")
    monkeypatch.setenv("MHHS_WAREHOUSE", str(root))
    yield root


@pytest.mark.parametrize(
    ("page", "name"), [(page, name) for page, names in CODES.items() for name in names]
)
def test_an_unknown_value_is_named_and_can_be_cleared(
    market_warehouse: Path, monkeypatch: pytest.MonkeyPatch, page: str, name: str
) -> None:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(market_warehouse))
    app = open_page(page, **{name: UNKNOWN})
    said = [each.value for each in app.warning]
    assert any("NOPE\\-1" in each for each in said), (said, text_of(app)[-400:])
    assert app.query_params[name] == UNKNOWN
    next(each for each in app.button if each.label == "Clear this value").click().run()
    assert not app.exception
    assert not app.warning
    assert name not in app.query_params


def test_a_name_that_no_filter_has_is_said() -> None:
    app = open_page("exceptions", rule="SUP-01", severity="BREACH", **{"x*y": "1"})
    (said,) = (each.value for each in app.warning)
    assert said.startswith(r"**Not used here:** “rule”, “x\*y”. ")
    assert app.query_params == {"severity": "BREACH"}
    app.multiselect(key="status").set_value(["OPEN"]).run()
    assert [each.value for each in app.warning] == [said]
    assert not open_page("exceptions", severity="BREACH").warning


def test_no_link_of_ours_has_a_name_that_its_page_does_not_use(
    market_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(market_warehouse))
    links = {}
    for name in PAGES:
        for element in open_page(name).get("page_link"):
            names = parse_qs(element.proto.query_string)
            links[element.proto.page, *sorted(names)] = names
    assert len(links) > 10
    for (page, *_), names in links.items():
        app = open_page(page or "overview", **names)
        assert not [each.value for each in app.warning if "Not used" in each.value], (page, names)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("occurred_from", "2026-13-45"),
        ("occurred_to", "yesterday"),
        ("occurred_from", "1999-12-31"),
        ("page", "x"),
        ("page", "0"),
        ("page", "999999"),
        ("page", "1.5"),
    ],
)
def test_a_day_or_number_that_cannot_be_read_lists_nothing(name: str, text: str) -> None:
    app = open_page("exceptions", **{name: text})
    assert len(app.warning) == 1
    assert app.query_params[name] == text
    assert len(app.dataframe) == 1  # the register of rules, not the list
    next(each for each in app.button if each.label == "Clear this value").click().run()
    assert len(app.dataframe) == 2
    assert name not in app.query_params


def test_known_values_beside_an_unknown_one_list_nothing_until_it_is_cleared() -> None:
    app = open_page("exceptions", rule_id=["SUP-01", UNKNOWN])
    assert "**Nothing is listed.**" in app.warning[0].value
    assert "match the filters" not in text_of(app)
    next(each for each in app.button if each.label == "Clear this value").click().run()
    assert "match the filters" in text_of(app)
    assert app.query_params["rule_id"] == "SUP-01"


def test_choosing_another_value_replaces_the_unknown_one() -> None:
    app = open_page("exceptions", rule_id=UNKNOWN)
    app.multiselect(key="rule_id").set_value(["SUP-01"]).run()
    assert not app.warning
    assert app.query_params["rule_id"] == "SUP-01"


def test_clear_filters_clears_unknown_values_as_well() -> None:
    app = open_page("exceptions", rule_id=UNKNOWN, occurred_from="2026-13-45", severity="BREACH")
    next(each for each in app.button if each.label == "Clear filters").click().run()
    assert not app.warning
    assert app.query_params == {}
    assert "exceptions** in all" in text_of(app)


def test_a_blank_value_is_no_filter() -> None:
    app = open_page("exceptions", rule_id="", occurred_from="", page="")
    assert not app.warning
    assert "exceptions** in all" in text_of(app)


def test_an_mpan_that_is_no_value_leaves_the_address() -> None:
    app = open_page("exceptions", mpid="1012345678901")
    assert app.warning
    assert "mpid" not in app.query_params


@pytest.mark.parametrize("asof", ["20260101-gone", ["20260101-gone", publication_id(AFTER)]])
@pytest.mark.parametrize("page", ["overview", "exceptions", "health", "help"])
def test_an_unknown_publication_shows_no_other(page: str, asof: str | list[str]) -> None:
    app = open_page(page, asof=asof)
    assert app.title[0].value == "This publication is not kept"
    assert not app.get("plotly_chart")
    assert f"asof={publication_id(AFTER)}" in links_of(app).values()


def test_two_publications_are_not_one_of_them() -> None:
    app = open_page("overview", asof=[publication_id(BEFORE), publication_id(AFTER)])
    assert app.title[0].value == "The address names several publications"


def strip_of(page: str, **parameters: str) -> str:
    (strip,) = (
        each.proto.body
        for each in open_page(page, **parameters).get("html")
        if "mhhs-strip" in each.proto.body and "<section" in each.proto.body
    )
    return str(strip)


PAGES = (*CODES, "overview", "migration", "sql", "point", "health", "downloads", "help", "report")


def test_an_accepted_loss_is_in_the_strip_of_every_page(warehouse: Path) -> None:
    path = warehouse / "published" / f"{publication_id(AFTER)}.manifest.json"
    loss = {
        "reason": "FULL_SMALLER",
        "message": "registration lost 40 of 100 points & <more>",
        "files": [],
    }
    path.write_text(json.dumps(json.loads(path.read_text()) | {"accepted_loss": [loss]}))
    for page in PAGES:
        strip = strip_of(page)
        assert "Published with data missing:" in strip, page
        assert "40 of 100 points &amp; &lt;more&gt;" in strip
        assert 'class="mhhs-strip warn"' in strip
    assert "data missing" not in strip_of("overview", asof=publication_id(BEFORE))


def test_the_strip_names_a_held_build(warehouse: Path) -> None:
    failure = {
        "as_of": "2026-11-11",
        "failed_at": "2026-11-23T15:00:00+00:00",
        "held": True,
        "failures": [{"test": "full_smaller", "rows": [], "message": "Registration lost half."}],
    }
    (warehouse / "published" / "LAST_FAILURE.json").write_text(json.dumps(failure))
    strip = strip_of("overview")
    assert "The newest build, as of 11 Nov 2026, is held" in strip
    assert "Registration lost half." in strip
