"""Metering Point: each rule true or clean for a reason of the marts, for those who may see it."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dashboards import data, mpan
from dashboards.auth import Forbidden
from dashboards.components import lanes, numbers, words
from dashboards.components.look import LIGHT
from dashboards.components.verdicts import verdicts
from dashboards.data import points
from dashboards.pseudonym import pseudonym
from pipeline.layout import Warehouse
from pipeline.sql_text import mpan_text
from tests.app_pages import ask, links_of, open_page, publications_of, read_as, text_of

DAY_AFTER = "2026-11-11"
M14 = date(2026, 10, 28)
KEYED_BY_MPAN = ("SUP-02", "SUP-05", "SUP-07", "APP-01", "APP-02", "INT-03", "INT-04", "INT-05")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, market_warehouse: Path) -> None:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(market_warehouse))
    monkeypatch.setenv("MHHS_TODAY", DAY_AFTER)


@pytest.fixture(scope="module")
def publication(market_warehouse: Path) -> Path:
    """The later of the two publications."""
    return publications_of(market_warehouse)[-1]


def one_of(publication: Path, rule_id: str) -> str:
    """The first MPAN that stands under a rule."""
    sql = f"select {mpan_text('min(mpan)')} from fct_exception where rule_id = ?"
    return str(ask(publication, sql, [rule_id])[0][0])


def rules_of_points(publication: Path) -> list[str]:
    sql = "select rule_id from dim_rule where subject_type = 'METERING_POINT' order by all"
    return [rule for (rule,) in ask(publication, sql)]


def view_of(publication: Path) -> data.View:
    return next(view for view in data.store.kept() if view.path == str(publication.resolve()))


@pytest.mark.parametrize("position", [0, -1])
def test_every_true_rule_is_shown_with_what_makes_it_true(
    market_warehouse: Path, position: int
) -> None:
    publication = publications_of(market_warehouse)[position]
    rules = rules_of_points(publication)
    shown = set()
    for rule in rules:
        number = one_of(publication, rule)
        if number == "None":
            continue
        text = text_of(open_page("point", mpan=number, asof=publication.stem))
        found = ask(
            publication,
            "select rule_id, reason_detail, source_files from fct_exception where mpan = ?",
            [number],
        )
        true = {rule_id for rule_id, *_ in found}
        assert f"<strong>{len(true)} rule{'s are' if len(true) > 1 else ' is'} true" in text
        assert f"{len(rules) - len(true)} are clean or do not apply" in text
        for rule_id, detail, source in found:
            assert f"{rule_id} " in text
            assert detail in text
            assert source is None or source in text
        shown |= true
    assert len(shown) >= 12, shown


def test_verdicts_of_the_whole_market_agree_with_its_exceptions(publication: Path) -> None:
    """A rule is true if and only if an exception says so, and every reason names its facts."""
    view = view_of(publication)
    rules = points.rules(view)
    sampled = ask(
        publication,
        "select mpan from fct_exception where mpan is not null "
        "union select mpan from dim_metering_point where hash(mpan) % 15 = 0 order by all",
    )
    assert len(sampled) > 250
    states = {"TRUE": 0, "CLEAN": 0, "NOT_APPLICABLE": 0}
    for (mpan_,) in sampled:
        number = f"{mpan_:013d}"
        point = points.look_up(view, number)
        true = {row["rule_id"] for row in point.exceptions}
        for verdict in verdicts(point, rules, view.as_of, M14, None):
            rule = verdict.rule["rule_id"]
            states[verdict.state] += 1
            assert (verdict.state == "TRUE") == (rule in true), (number, rule)
            assert "None" not in verdict.because
            assert "[x]" not in verdict.because
            assert "9999" not in verdict.because
            if rule in ("SUP-01", "SUP-06", "MEM-01", "DS-01") and verdict.state == "CLEAN":
                # Clean because Qualified: the spell that says so is in the mart.
                assert re.search(r"Qualified (for|as) \w+ since \d", verdict.because), (
                    number,
                    verdict.because,
                )
    assert min(states.values()) > 100, states


def test_clean_rules_say_why(publication: Path) -> None:
    ((number, since, mpid),) = ask(
        publication,
        f"""
        select {mpan_text("points.mpan")}, holdings.valid_from, holdings.supplier_mpid
        from dim_metering_point as points
        inner join fct_holding as holdings using (registration_id)
        where points.is_live and points.supplier_is_qualified and points.regime = 'LEGACY'
            and points.first_migrated_on is null
            and points.mpan not in (select mpan from fct_exception where mpan is not null)
        order by points.mpan limit 1
        """,
    )
    text = text_of(open_page("point", mpan=number))
    assert "<strong>No rule is true of this Metering Point</strong>" in text
    day = f"{since.day} {since:%B %Y}"
    assert f"({mpid}) holds it since {day} and is Qualified for " in text
    assert "It has not been migrated by 9 November 2026." in text
    assert "No migration event by 9 November 2026." in text
    assert "No Reverse Migration by 9 November 2026." in text
    assert "Its last digit is the right check digit of the others." in text
    assert "The files behind" not in text


def test_a_migration_without_a_registration_is_not_denied(publication: Path) -> None:
    found = ask(
        publication,
        f"select {mpan_text('min(mpan)')} from fct_exception where rule_id = 'INT-05' "
        "and subject_key like 'migration%'",
    )
    text = text_of(open_page("point", mpan=str(found[0][0])))
    assert "belongs to no registration: see INT-05." in text
    assert "No registration by the as-of day" in text


def test_the_time_axis_holds_every_interval(publication: Path) -> None:
    ((number, _),) = ask(
        publication,
        f"select {mpan_text('mpan')}, count(*) as n from fct_appointment where mpan in "
        "(select mpan from fct_regime) group by mpan order by n desc, mpan limit 1",
    )
    point = points.look_up(view_of(publication), number)
    table = lanes.table_of(point)
    for what, mart in (
        ("Holding", "fct_holding"),
        ("Appointment", "fct_appointment"),
    ):
        ((rows,),) = ask(
            publication,
            f"select count(*) from {mart} where mpan = ? and valid_from < valid_to",
            [number],
        )
        assert (table["What"] == what).sum() == rows > 0
    spells = ask(
        publication, "select valid_from from fct_regime where mpan = ? order by all", [number]
    )
    arrangements = table.filter(pl.col("What") == "Arrangements")
    assert arrangements["As"][0] == words.REGIME["LEGACY"]
    assert [
        row["First day"] for row in arrangements.to_dicts() if row["As"] == words.REGIME["MHHS"]
    ] == [numbers.day(since) for (since,) in spells]
    app = open_page("point", mpan=number)
    (chart,) = app.get("plotly_chart")
    assert chart.proto.alt.endswith("Refer to the table below.")
    spec = json.loads(chart.proto.spec)
    named = " ".join(each["text"] for each in spec["layout"]["annotations"])
    for text in ("M11", "M14", "M15", "As of 9 Nov"):
        assert text in named
    for (role,) in ask(
        publication,
        "select distinct service_role from fct_appointment "
        "where mpan = ? and appointment_status = 'ACTIVE'",
        [number],
    ):
        assert words.ROLE[role] in " ".join(table["As"])
    drawn = {bar["text"][0] for bar in spec["data"] if bar.get("text")}
    assert len(drawn) > 1


def test_a_fault_stands_apart_from_the_next_party() -> None:
    faulty = [lanes.Lane("Ash", fault="never Qualified"), lanes.Lane("Birch")]
    drawn = lanes.figure_of(faulty, M14, {"M14": M14}, LIGHT).layout.annotations
    height = {name: text.y for text in drawn for name in ("never", "Birch") if name in text.text}
    line = 17  # pixels of a line of text
    assert (height["Birch"] - height["never"]) * lanes.LANE_HEIGHT > 1.5 * line


def test_what_is_no_mpan_is_said_before_anything_is_looked_up() -> None:
    assert "An MPAN has 13 digits; this has 4." in text_of(open_page("point", mpan="1234"))
    assert "13 digits and nothing else" in text_of(open_page("point", mpan="12345678901AB"))
    text = text_of(open_page("point", mpan="1234567890123"))
    assert "The last digit of this MPAN would be 6" in text
    assert "No Metering Point 12 345 678 901 23 in this publication" in text
    right = text_of(open_page("point", mpan="12 345 678 901 26"))
    assert "would be" not in right
    assert "No Metering Point 12 345 678 901 26 in this publication" in right
    nothing = open_page("point")
    assert "Enter the MPAN of a Metering Point" in text_of(nothing)
    assert "Go to the exceptions" in links_of(nothing)


def test_without_a_role_for_single_points_nothing_is_shown(
    monkeypatch: pytest.MonkeyPatch, publication: Path
) -> None:
    number = one_of(publication, "SUP-01")
    read_as(monkeypatch, "leadership")
    text = text_of(open_page("point", mpan=number))
    assert "The page Metering Point needs the role **compliance**" in text
    assert number not in text
    with pytest.raises(Forbidden):
        points.look_up(view_of(publication), number)


def test_an_analyst_sees_a_point_by_its_exception_without_its_mpan(
    monkeypatch: pytest.MonkeyPatch, publication: Path
) -> None:
    ((number, exception_id),) = ask(
        publication,
        f"select {mpan_text('mpan')}, exception_id from fct_exception where rule_id = 'SUP-01' "
        "order by mpan limit 1",
    )
    read_as(monkeypatch, "analyst")
    refused = text_of(open_page("point", mpan=number))
    assert "needs the role compliance" in refused
    assert "rules are true" not in refused
    app = open_page("point", exception=exception_id)
    text = text_of(app)
    assert "SUP-01 Holding while not Qualified" in text
    assert "[c]" in text
    everything = text + str(links_of(app)) + str([c.proto.spec for c in app.get("plotly_chart")])
    assert number not in everything
    assert (mpan.in_groups(number) or "") not in everything
    with pytest.raises(Forbidden):
        points.look_up(view_of(publication), number)


@pytest.mark.parametrize("rule_id", KEYED_BY_MPAN)
def test_an_id_made_from_an_mpan_is_no_way_around(
    monkeypatch: pytest.MonkeyPatch, publication: Path, rule_id: str
) -> None:
    found = ask(
        publication,
        "select exception_id from fct_exception where rule_id = ? "
        f"and subject_key like '%' || {mpan_text('mpan')} order by all limit 1",
        [rule_id],
    )
    if not found:
        # A market this small has no such point: what the rule is about is then nobody's secret.
        assert one_of(publication, rule_id) == "None" or rule_id == "INT-05"
        return
    ((exception_id,),) = found
    read_as(monkeypatch, "analyst")
    assert "made from the MPAN itself" in text_of(open_page("point", exception=exception_id))


def test_masking_reaches_ids_and_sentences() -> None:
    point = points.Point(
        mpan="1234567890126",
        attributes={"mpan": "1234567890126", "is_live": True},
        holdings=[],
        regimes=[],
        migrations=[],
        appointments=[{"appointment_id": "1234567890126-MSS-ABCD-20260101", "valid_to": M14}],
        qualifications=[],
        exceptions=[{"reason_detail": "of 1234567890126", "mpan": "1234567890126"}],
        names={"ABCD": "A"},
        digit_is_right=True,
    )
    masked = points._masked(point)
    assert "1234567890126" not in repr(masked)
    assert masked.appointments[0] == {"appointment_id": "[c]-MSS-ABCD-20260101", "valid_to": M14}


def test_each_look_up_leaves_one_line_without_the_mpan(
    market_warehouse: Path, publication: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Warehouse(market_warehouse).audit_log
    number = one_of(publication, "SUP-01")
    before = log.read_text().splitlines() if log.exists() else []
    app = open_page("point", mpan=number)
    app.run()
    app.run()
    lines = log.read_text().splitlines()[len(before) :]
    assert len(lines) == 1
    line: dict[str, Any] = json.loads(lines[0])
    assert line["kind"] == "point"
    assert line["user"] == "local"
    assert line["allowed"] is True
    assert line["publication_id"] == publication.stem
    assert line["mpan_hash"] == pseudonym(Warehouse(market_warehouse), number)
    with monkeypatch.context() as patch:
        read_as(patch, "leadership")
        with pytest.raises(Forbidden):
            points.look_up(view_of(publication), one_of(publication, "SUP-02"))
    refused = json.loads(log.read_text().splitlines()[-1])
    assert (refused["user"], refused["allowed"]) == ("someone", False)
    assert not re.search(r"\b\d{13}\b", log.read_text())
    assert (market_warehouse / "history" / "audit.key").stat().st_mode & 0o077 == 0


def test_the_key_of_the_audit_hash_can_come_from_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pseudonym(Warehouse(tmp_path), "1234567890126")
    assert made == pseudonym(Warehouse(tmp_path), "1234567890126")
    assert made != pseudonym(Warehouse(tmp_path / "other"), "1234567890126")
    monkeypatch.setenv("MHHS_AUDIT_KEY", "k")
    assert pseudonym(Warehouse(tmp_path), "1") == pseudonym(Warehouse(tmp_path / "x"), "1")


@pytest.mark.parametrize("mart", points._ORDERS)
def test_a_look_up_lets_the_scan_skip_blocks(publication: Path, mart: str) -> None:
    """The comparison with the MPAN is a filter of the scan itself, so zone maps serve it."""
    sql = points._statement(mart).replace("?", "1234567890126")
    plan = ask(publication, f"explain {sql}")[0][1]
    assert "Filters:" in plan
    assert re.search(r"mpan=1234567890126", plan.replace("\n", ""))
    assert "FILTER  " not in plan


def test_mpans_are_sorted_within_the_few_parts_of_a_mart(publication: Path) -> None:
    """A look-up reads one block of each part: the rows of everything, and of a day put in place."""
    for mart in set(points._ORDERS) - {"fct_exception"}:
        ((steps_back,),) = ask(
            publication,
            f"select count(*) from (select mpan < lag(mpan) over (order by rowid) as back "
            f"from {mart}) where back",
        )
        assert steps_back < 2, mart


@pytest.mark.parametrize(
    ("text", "number"),
    [("12 345 678 901 26", "1234567890126"), ("1234567890126", "1234567890126"), (" ", "")],
)
def test_mpans_as_people_write_them(text: str, number: str) -> None:
    assert mpan.read(text) == number


def test_check_digits_are_those_of_the_rule(publication: Path) -> None:
    """Against INT-03 of the warehouse, for every MPAN of the market."""
    wrong = {
        f"{m:013d}"
        for (m,) in ask(publication, "select mpan from fct_exception where rule_id='INT-03'")
    }
    everyone = [f"{m:013d}" for (m,) in ask(publication, "select mpan from dim_metering_point")]
    assert {m for m in everyone if not mpan.has_right_digit(m)} == wrong & set(everyone)
    assert wrong
