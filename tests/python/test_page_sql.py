"""The SQL page on a simulated market: asking, limits in words, roles, saved queries, files."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import re
import time
from pathlib import Path

import pytest

from dashboards import data, exporting, saved_queries, sql_export
from dashboards.auth import LOCAL_USER, Forbidden, User
from dashboards.data import View
from dashboards.pseudonym import pseudonym
from pipeline import keys
from pipeline.layout import Warehouse
from pipeline.publication import current, publications
from pipeline.query import name_of
from pipeline.sandbox.terms import BadQuestion, Limits
from pipeline.sandbox.traces import names_an_mpan
from tests.command import pipeline
from tests.python.test_traces import WRITTEN
from tests.sql_page import (
    ANALYST,
    COMPLIANCE,
    LEADER,
    ask,
    audited,
    be,
    open_page,
    own_warehouse,
    run,
    text_of,
)


@pytest.fixture
def warehouse(market_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """The market's publications, with logs, exports and saved queries of this test's own."""
    return own_warehouse(market_warehouse, tmp_path, monkeypatch)


@pytest.fixture
def view(warehouse: Warehouse) -> View:
    return next(each for each in data.store.kept() if each.is_current)


def test_the_first_question_is_there_and_is_answered(warehouse: Warehouse) -> None:
    app = open_page()
    assert "Ask the" in text_of(app)
    assert "at most 20 seconds and 512 MB of memory" in text_of(app)
    assert "from rpt_m14_headline" in app.text_area(key="sql").value
    assert not [each for each in app.header if each.value == "Answer"]  # nothing runs by itself
    run(app)
    assert "**1 row** in" in text_of(app)
    headline = app.dataframe[0].value
    assert headline["live_metering_points"][0] > 2_000


def test_each_query_leaves_its_line(warehouse: Warehouse, view: View) -> None:
    app = open_page()
    run(app, "select mpan from fct_holding where mpan <> '1000000000012' limit 7")
    run(app, "select nothing from fct_holding")
    run(app, "copy fct_holding to 'x'")
    answered, failed, refused = audited(warehouse)
    assert {name: answered[name] for name in ("kind", "user", "outcome", "rows", "mpans")} == {
        "kind": "sql",
        "user": "local",
        "outcome": "answered",
        "rows": 7,
        "mpans": "in clear",
    }
    assert answered["publication_id"] == view.publication_id
    assert 0 < answered["seconds"] < 30
    assert answered["at"].endswith("+00:00")
    assert answered["sql"] == "select mpan from fct_holding where mpan <> ? limit ?"
    assert answered["mpan_hashes"] == [pseudonym(warehouse, "1000000000012")]
    assert (failed["outcome"], failed["rows"]) == ("failed", None)
    assert (refused["outcome"], refused["sql"]) == ("refused", "copy fct_holding to ?")
    assert len({each["sql_hash"] for each in (answered, failed, refused)}) == 3


@pytest.mark.parametrize("sql", WRITTEN[::3])
def test_no_line_and_no_address_holds_an_mpan(
    warehouse: Warehouse, view: View, monkeypatch: pytest.MonkeyPatch, sql: str
) -> None:
    be(monkeypatch, COMPLIANCE)
    order = sql_export.SqlOrder(warehouse, view, sql, "csv", hashed=False)
    with contextlib.suppress(BadQuestion):
        sql_export.make(order.request(COMPLIANCE, data.sql.to_ask(view, sql)))
    with contextlib.suppress(BadQuestion):
        ask(view, sql)
    lines = audited(warehouse)
    assert [each["kind"] for each in lines] == ["sql_export", "sql"]
    for line in lines:
        text = json.dumps({**line, "publication_id": "", "at": ""})
        assert not re.search(r"1\D?0{3,}|0{4,}1\D?2", text)
        assert not names_an_mpan(line["sql"] or "")
        assert line["sql_length"] == len(sql)
    if lines[0]["outcome"] == "unreadable":
        assert lines[0]["sql"] is None
    assert hashlib.sha256(sql.encode()).hexdigest()[:16] not in str(order.folder)


def test_a_new_key_makes_a_new_file(warehouse: Warehouse, view: View) -> None:
    order = sql_export.SqlOrder(warehouse, view, "select 1", "csv", hashed=True)
    before = order.folder
    assert order.folder == before
    keys.rotate(warehouse)
    assert order.folder != before


def test_without_its_line_there_is_no_answer(
    warehouse: Warehouse, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.audit_log.parent.mkdir(parents=True)
    warehouse.audit_log.mkdir()
    with pytest.raises(OSError, match=r"audit\.jsonl"):
        ask(view, "select 1")
    be(monkeypatch, COMPLIANCE)
    order = sql_export.SqlOrder(warehouse, view, "select 1", "csv", hashed=False)
    with pytest.raises(OSError, match=r"audit\.jsonl"):
        sql_export.make(order.request(COMPLIANCE, data.sql.to_ask(view, "select 1")))
    assert exporting.finished(order) is None


@pytest.mark.parametrize(
    ("sql", "title", "says"),
    [
        ("copy dim_rule to 'x'", "is not allowed", "COPY is refused"),
        ("select nothing from dim_rule", "could not answer", "nothing"),
        ("select length(repeat('x', 4000000000))", "was stopped", "512 MB of memory"),
        ("from fct_excepton", "is not allowed", "Did you mean fct_exception?"),
    ],
)
def test_what_cannot_be_answered_is_said(
    warehouse: Warehouse, sql: str, title: str, says: str
) -> None:
    app = run(open_page(), sql)
    assert title in app.error[0].value
    assert says in text_of(app)
    assert not app.dataframe


def test_the_clock_is_said(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(data.sql, "LIMITS", Limits(seconds=2))
        started = time.monotonic()
        app = run(open_page(), "select count(*) from range(10000000) a, range(10000000) b")
        assert "stopped after 2 seconds" in text_of(app)
        assert "at most 2 seconds" in text_of(app)
        assert time.monotonic() - started < 20
    run(app, "select 42 as n")
    assert app.dataframe[0].value["n"][0] == 42


def test_a_cut_answer_says_so_and_where_all_of_it_is(warehouse: Warehouse) -> None:
    app = run(open_page(), "from range(20000)")
    assert "**The first 10,000 rows**" in text_of(app)
    assert "The answer is longer than 10,000 rows. The files below take every row." in text_of(app)
    run(app, "select repeat('x', 30000000) as x")
    assert "The first row alone is larger than 10 MB" in text_of(app)
    run(app, "select repeat('x', 1000000) as x from range(100)")
    assert "The answer is larger than 10 MB" in text_of(app)


def test_an_analyst_sees_hashes_and_is_told(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    be(monkeypatch, ANALYST)
    app = run(open_page(), "select mpan, subject_key, exception_id from fct_exception")
    frame = app.dataframe[0].value
    assert len(frame) > 100
    assert all(re.fullmatch(r"h_[0-9a-f]{16}", mpan) for mpan in frame["mpan"].dropna())
    assert "are shown to you as pseudonyms" in text_of(app)
    assert "hashed for you" in text_of(app)
    assert audited(warehouse)[-1]["mpans"] == "hashed"
    assert audited(warehouse)[-1]["user"] == "ana"


def test_compliance_sees_mpans(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    be(monkeypatch, COMPLIANCE)
    app = run(open_page(), "select mpan from dim_metering_point")
    assert all(re.fullmatch(r"\d{13}", mpan) for mpan in app.dataframe[0].value["mpan"])
    assert "hashed for you" not in text_of(app)


def test_an_answer_in_clear_goes_with_the_role(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    be(monkeypatch, COMPLIANCE)
    app = run(open_page(), "select mpan from dim_metering_point")
    assert app.dataframe
    be(monkeypatch, User("cat", frozenset({"analyst"})))
    app.run()
    assert not app.dataframe


def test_sql_needs_the_role(
    warehouse: Warehouse, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    be(monkeypatch, LEADER)
    with pytest.raises(Forbidden):
        ask(view, "select 1")
    with pytest.raises(Forbidden):
        data.sql.to_ask(view, "select 1")
    app = open_page()
    assert "SQL needs the role" in text_of(app)
    assert not app.text_area
    assert not warehouse.audit_log.exists()


def test_the_link_holds_a_short_query_and_runs_nothing(warehouse: Warehouse) -> None:
    app = open_page(sql="select 7 as n")
    assert app.text_area(key="sql").value == "select 7 as n"
    assert not app.dataframe
    assert not warehouse.audit_log.exists()
    app.text_area(key="sql").set_value("select 8 as n").run()
    assert app.query_params["sql"] == "select 8 as n"
    assert "sql=select+8+as+n" in text_of(app)


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("select '" + "x" * 1500 + "'", "too long for the link"),
        ("from fct_holding where mpan = '1000000000012'", "may name an MPAN"),
        ("from fct_holding where mpan = '10 0000 0000 012'", "may name an MPAN"),
        ("from fct_holding where mpan = '1000000' || '000012'", "may name an MPAN"),
    ],
)
def test_what_a_link_cannot_hold(warehouse: Warehouse, sql: str, says: str) -> None:
    app = open_page()
    app.text_area(key="sql").set_value(sql).run()
    assert "sql" not in app.query_params
    assert says in text_of(app)


def test_the_query_survives_a_visit_elsewhere(warehouse: Warehouse) -> None:
    app = open_page()
    run(app, "select 9 as n")
    app.query_params.clear()
    app.switch_page("views/overview.py").run()
    app.query_params.clear()
    app.switch_page("views/sql.py").run()
    assert app.text_area(key="sql").value == "select 9 as n"
    assert app.dataframe[0].value["n"][0] == 9
    app.text_area(key="sql").set_value("select 10").run()
    assert "has changed since this was asked" in text_of(app)


def test_the_publication_that_is_chosen_is_asked(warehouse: Warehouse) -> None:
    earlier = next(each for each in data.store.kept() if not each.is_current)
    app = run(open_page(asof=earlier.publication_id), "select as_of from rpt_m14_headline")
    assert str(app.dataframe[0].value["as_of"][0])[:10] == earlier.as_of.isoformat()
    app.selectbox(key="asof").set_value(current(warehouse).publication_id).run()
    assert not app.dataframe  # an answer belongs to its publication


def test_another_publication_by_name(warehouse: Warehouse, view: View) -> None:
    names = [name_of(each) for each in publications(warehouse)]
    rows = ask(view, " union all ".join(f"from {name}.marts.rpt_m14_headline" for name in names))
    assert rows["as_of"].to_list() == [each.as_of for each in publications(warehouse)]
    assert name_of(publications(warehouse)[-1]) in text_of(open_page())


STARTERS = [each.key for each in data.starters.questions()]


def test_there_are_starters_for_common_questions(warehouse: Warehouse, view: View) -> None:
    assert len(STARTERS) == 20
    rules = data.starters.rules(view)
    assert len(rules) == 23
    assert rules[0].title.startswith("SUP-01 ")


@pytest.mark.parametrize("key", STARTERS)
def test_each_question_to_start_from_is_answered(
    warehouse: Warehouse, view: View, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    be(monkeypatch, ANALYST)
    starter = next(each for each in data.starters.questions() if each.key == key)
    assert ask(view, starter.sql).width > 0


def test_each_rule_to_start_from_is_answered_and_counts_its_exceptions(
    warehouse: Warehouse, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    be(monkeypatch, ANALYST)
    found = ask(view, "select rule_id, count(distinct mpan) as n from fct_exception group by all")
    points = dict(found.rows())
    for starter in data.starters.rules(view):
        rows = ask(view, starter.sql)
        assert rows.width == 8
        assert (rows.height > 0) == (starter.key in points)


def test_choosing_a_starter_puts_it_into_the_editor(warehouse: Warehouse) -> None:
    app = open_page()
    app.selectbox(key="sql_starter").set_value("SUP-03").run()
    assert "rule_id = 'SUP-03'" in app.text_area(key="sql").value
    assert "metering_points" in run(app).dataframe[0].value.columns


def test_queries_are_saved_taken_replaced_and_deleted(warehouse: Warehouse) -> None:
    app = open_page()
    app.text_area(key="sql").set_value("select 1 as one")
    app.text_input(key="sql_name").set_value("  My   first ").run()
    app.button(key="sql_save").click().run()
    assert [each.name for each in saved_queries.of(LOCAL_USER)] == ["My first"]
    app.text_area(key="sql").set_value("select 2").run()
    app.selectbox(key="sql_saved").set_value("My first").run()
    assert app.text_area(key="sql").value == "select 1 as one"
    app.text_area(key="sql").set_value("select 3")
    app.text_input(key="sql_name").set_value("My first").run()
    assert app.button(key="sql_save").label == "Replace the saved query"
    app.button(key="sql_save").click().run()
    assert [each.sql for each in saved_queries.of(LOCAL_USER)] == ["select 3"]
    app.selectbox(key="sql_gone").set_value("My first").run()
    app.button(key="sql_delete").click().run()
    assert saved_queries.of(LOCAL_USER) == []
    app.button(key="sql_save").click().run()
    assert "Give it a name." in text_of(app)


def test_saved_queries_are_their_owners(warehouse: Warehouse) -> None:
    ana, odd = ANALYST, User("../cat/..", frozenset())
    saved_queries.save(ana, "mine", "select 1")
    saved_queries.save(odd, "mine", "select 2")
    assert [each.sql for each in saved_queries.of(ana)] == ["select 1"]
    assert [each.sql for each in saved_queries.of(odd)] == ["select 2"]
    assert saved_queries.of(LEADER) == []
    for path in warehouse.root.rglob("*.json"):
        assert path.parent.name in ("queries", "published")
    with pytest.raises(saved_queries.NotSaved, match="at most 60"):
        saved_queries.save(ana, "x" * 61, "select 1")
    with pytest.raises(saved_queries.NotSaved, match="no query"):
        saved_queries.save(ana, "x", " ")
    for number in range(saved_queries.AT_MOST - 1):
        saved_queries.save(ana, str(number), "select 1")
    with pytest.raises(saved_queries.NotSaved, match="delete one first"):
        saved_queries.save(ana, "one more", "select 1")
    saved_queries.save(ana, "mine", "select 3")  # to replace is not one more


def test_the_schema_browser_shows_what_there_is_and_finds(warehouse: Warehouse, view: View) -> None:
    tables = {each.name: each for each in data.sql.tables(view)}
    assert tables.keys() == {*current(warehouse).manifest["marts"], "rpt_publication"}
    assert tables["fct_exception"].description.startswith("One row per exception")
    assert ("mpan", "bigint", "Metering Point, 13 digits; null for a party.") in tables[
        "fct_exception"
    ].columns
    assert all(text for table in tables.values() for _, _, text in table.columns)
    app = open_page()
    assert "<code>dim_date</code></summary>" in text_of(app)
    app.text_input(key="sql_schema_search").set_value("reason_detail").run()
    assert "<details open><summary><code>fct_exception</code>" in text_of(app)
    assert "<code>dim_date</code></summary>" not in text_of(app)
    app.text_input(key="sql_schema_search").set_value("no such thing").run()
    assert "No table or column is called that." in text_of(app)


def test_one_chart_of_text_and_number_or_of_days(warehouse: Warehouse) -> None:
    app = run(open_page(), "select rule_id, count(*) as n from fct_exception group by all")
    assert not app.get("plotly_chart")
    app.toggle(key="sql_chart").set_value(True).run()
    (chart,) = app.get("plotly_chart")
    assert chart.proto.alt.startswith("Bars from ")
    assert any("has the most n" in each.value for each in app.header)
    run(app, "select date_day, sum(metering_points) as n from rpt_daily_position group by all")
    (chart,) = app.get("plotly_chart")
    assert chart.proto.alt.startswith("Line from ")
    run(app, "select 1 as a")
    assert not [each for each in app.toggle if each.key == "sql_chart"]


@pytest.mark.parametrize(
    "sql",
    [
        "select sum(1) as n, 1.5 as d, interval 1 day as i, [1, 2] as l, {'a': 1} as s, null as x",
        "select 170141183460469231731687303715884105727::hugeint as big",
        "select 'a' as \"<b>x</b>\", 'b' as \"$y$\", '=1' as \"=1\"",
        "select now() as t, date '9999-12-31' as d, time '10:00' as c, 'x'::blob as b, uuid() as u",
        "select true as b, 'a'::enum('a') as e, map {1: 2} as m, 1::utinyint as t, 1::float as f",
        "select 1 as a, 2 as a, 3 as A",
        "select * from (values (1)) where false",
    ],
)
def test_whatever_the_types_it_is_shown(warehouse: Warehouse, sql: str) -> None:
    app = run(open_page(), sql)
    assert not app.error
    assert "row" in text_of(app)


def test_two_at_a_time(warehouse: Warehouse, view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data.sql, "LIMITS", Limits(seconds=1))
    assert data.sql._turns.acquire(blocking=False)
    assert data.sql._turns.acquire(blocking=False)
    try:
        with pytest.raises(BadQuestion, match="other questions"):
            ask(view, "select 1")
    finally:
        data.sql._turns.release(2)


def test_the_command_line_asks_the_same_sandbox(warehouse: Warehouse, tmp_path: Path) -> None:
    out = tmp_path / "rules.csv"
    said = pipeline(
        *("sql", "--warehouse", warehouse.root, "--out", out, "from dim_rule order by rule_id")
    )
    assert "23 rows" in said.stdout
    assert len(list(csv.DictReader(out.open(encoding="utf-8-sig")))) == 23
    refused = pipeline(
        "sql", "--warehouse", warehouse.root, "select * from read_text('/etc/passwd')", expect=3
    )
    assert "read_text is not open here" in refused.stderr
