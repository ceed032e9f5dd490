"""Agents, Networks, Suppliers and the Supplier on the simulated market."""

from __future__ import annotations

import csv
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dashboards.components import list_download, words
from dashboards.components.supplier_panel import supplier_sentence
from tests.app_pages import open_page, read_as
from tests.command import PROJECT
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


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A publication without a row."""
    (tmp_path / "published").mkdir()
    make_publication(tmp_path / "published", EMPTY_DAY, empty=True)
    (tmp_path / "published" / "CURRENT").write_text(fixture_id(EMPTY_DAY))
    monkeypatch.setenv("MHHS_WAREHOUSE", str(tmp_path))


# Agents


@pytest.mark.parametrize("day", [BEFORE, AFTER])
def test_agents_are_those_of_the_mart(market_warehouse: Path, day: str) -> None:
    app = open_page("agents", asof=publication_id(market_warehouse, day))
    agents = rows_of(market_warehouse, "from marts.rpt_agent_readiness", day)
    services = sum(row["points_served_not_qualified"] for row in agents)
    serving = sum(row["points_served_not_qualified"] > 0 for row in agents)
    assert services
    assert lead_of(app).startswith(f"{services:,} service")
    assert f"{serving:,} of {len(agents):,} agents" in lead_of(app)
    assert "in breach" in lead_of(app)  # serving while not Qualified is one on either side of M14
    table = table_of(app)
    assert table.height == len(agents)
    assert table["Served, not Qualified"].sum() == services
    breaches = value_of(
        market_warehouse,
        "select count(*) from marts.fct_exception "
        "where rule_id in ('MEM-01', 'DS-01') and status = 'OPEN'",
        day,
    )
    assert table["Open breaches"].sum() == breaches
    assert links_of(app)["See these Metering Points"].endswith(
        "rule_id=MEM-01&rule_id=DS-01&status=OPEN"
    )
    bars = figure_of(app, "agents_serving")["data"][0]["x"]
    assert bars == sorted(n for row in agents if (n := row["points_served_not_qualified"]))[::-1]


def test_agents_by_role_are_summed_from_the_mart(market_warehouse: Path) -> None:
    text = text_of(open_page("agents"))
    for row in rows_of(
        market_warehouse,
        "select market_role, count(*) as agents, count(*) filter (where is_qualified) as ready "
        "from marts.rpt_agent_readiness group by market_role",
    ):
        name = words.role(row["market_role"])
        assert f'{name}</th><td class="number">{row["ready"]} of {row["agents"]}</td>' in text


def test_filters_of_agents_are_in_the_address(market_warehouse: Path) -> None:
    app = open_page("agents", market_role="SDS", q="  DATA ")
    assert app.multiselect(key="market_role").value == ["SDS"]
    expected = rows_of(
        market_warehouse,
        "select mpid from marts.rpt_agent_readiness where market_role = 'SDS' "
        "and lower(coalesce(participant_name, '') || ' ' || mpid) like '%data%'",
    )
    assert sorted(table_of(app)["MPID"]) == sorted(row["mpid"] for row in expected)
    assert app.query_params == {"market_role": "SDS", "q": "DATA"}
    app.text_input(key="q").set_value("nobody at all").run()
    assert "No agents match these filters." in text_of(app)
    assert "Select a row" not in text_of(app)
    app.button[0].click().run()
    assert app.query_params == {}


def test_an_agent_in_detail_leads_to_its_exceptions(market_warehouse: Path) -> None:
    (row,) = rows_of(
        market_warehouse,
        "from marts.rpt_agent_readiness where points_served_not_qualified > 0 "
        "and overdue_stages > 0 order by mpid limit 1",
    )
    app = open_page("agents", agent=f"{row['mpid']}|{row['market_role']}")
    stages = rows_of(
        market_warehouse,
        f"from marts.fct_stage where mpid = '{row['mpid']}' "
        f"and market_role = '{row['market_role']}'",
    )
    done = sum(stage["completed_on"] is not None for stage in stages)
    text = text_of(app)
    assert f"{done} of {len(stages)} stages are complete, {row['overdue_stages']} overdue" in text
    assert "Approvals by body" in text
    rule = "MEM-01" if row["market_role"] in words.AGENT_ROLES["METERING"] else "DS-01"
    found = [query for label, query in links_of(app).items() if f"({rule})" in label]
    assert found == [f"rule_id={rule}&mpid={row['mpid']}"]
    assert open_page("agents", agent="NOPE|SDS").selectbox(key="agent").value is None


def test_exceptions_that_are_over_are_not_shown_as_open(market_warehouse: Path) -> None:
    for row in rows_of(
        market_warehouse,
        "select mpid, any_value(market_role) as role, rule_id, count(*) as total, "
        "count(*) filter (where status = 'OPEN') as open from marts.fct_exception "
        "where rule_id in ('MEM-01', 'DS-01') group by mpid, rule_id "
        "having bool_or(status = 'CLOSED') order by rule_id, open limit 4",
    ):
        app = open_page("agents", agent=f"{row['mpid']}|{row['role']}")
        (label,) = (label for label in links_of(app) if f"({row['rule_id']})" in label)
        closed = row["total"] - row["open"]
        standing = f"{row['open']:,} open, {closed:,} closed" if row["open"] else "closed"
        assert label.startswith(f"**{row['total']:,}**")
        assert label.endswith(f"({row['rule_id']}), {standing}")


def test_no_agents_say_what_to_do(empty: None) -> None:
    assert "no Metering Equipment Manager and no Data Service" in text_of(open_page("agents"))


# Networks


@pytest.mark.parametrize("day", [BEFORE, AFTER])
def test_operators_are_those_of_the_mart(market_warehouse: Path, day: str) -> None:
    app = open_page("networks", asof=publication_id(market_warehouse, day))
    operators = rows_of(market_warehouse, "from marts.rpt_dno_readiness", day)
    late = [row for row in operators if not row["was_qualified_on_m11"]]
    assert len(operators) == 14
    text = text_of(app)
    assert f"{14 - len(late)} of 14 DNOs were Qualified when migration began" in text
    if late:
        assert f"{len(late)} of 14 DNOs" in lead_of(app)
        assert "breach" in lead_of(app)
    for row in operators:
        assert words.GSP_GROUP[row["gsp_group_id"]] in text
        assert f'<td class="number">{row["points_in_area"]:,}</td>' in text
    marks = figure_of(app, "dno_qualified")["data"]
    assert [len(trace["x"]) for trace in marks] == [
        14 - len(late),
        sum(row["first_qualified_on"] is not None for row in late),
    ]


def test_an_operator_in_detail() -> None:
    app = open_page("networks", dno="EELC")
    text = text_of(app)
    assert "Eastern Power Networks (EELC), Eastern" in text
    assert "stages are complete" in text
    marked = [each["text"] for each in figure_of(app, "stages_EELC_LDSO")["layout"]["annotations"]]
    assert "M11" in marked  # the milestone of a DNO, long before M14
    assert "M14" not in marked
    assert app.query_params["dno"] == "EELC"
    assert open_page("networks", dno="NOPE").selectbox(key="dno").value is None


def test_no_operators_say_what_to_do(empty: None) -> None:
    assert "holds no Distribution Network Operator" in text_of(open_page("networks"))


# Suppliers, and one of them


def test_suppliers_on_both_sides_of_m14(market_warehouse: Path) -> None:
    for day, what in ((BEFORE, "at risk of missing M14"), (AFTER, "in breach of M14")):
        app = open_page("suppliers", asof=publication_id(market_warehouse, day))
        waiting = value_of(
            market_warehouse,
            "select count(*) from marts.rpt_supplier_readiness where not is_qualified",
            day,
        )
        assert lead_of(app).startswith(f"{waiting:,} of ")
        assert what in lead_of(app)
        table = table_of(app)
        held = value_of(
            market_warehouse, "select points_not_qualified from marts.rpt_m14_headline", day
        )
        assert table["Held, not Qualified"].sum() == held


def worst_supplier(warehouse: Path) -> dict[str, Any]:
    (row,) = rows_of(
        warehouse,
        "from marts.rpt_supplier_readiness order by points_not_qualified desc, mpid limit 1",
    )
    return row


def test_a_supplier_is_shown_as_the_marts_know_it(market_warehouse: Path) -> None:
    row = worst_supplier(market_warehouse)
    mpid = row["mpid"]
    app = open_page("supplier", mpid=mpid)
    assert app.title[0].value.replace("\\", "") == f"{row['participant_name']} ({mpid})"
    assert "a breach" in lead_of(app)
    assert f"{row['points_not_qualified']:,} live Metering Point" in lead_of(app)
    bars = figure_of(app, f"gsp_groups_{mpid}")["data"]
    assert sum(bars[0]["x"]) == row["migrated_points"]
    assert sum(bars[1]["x"]) == row["points_to_migrate"]
    flows = rows_of(
        market_warehouse,
        "select flow, sum(metering_points)::bigint as points from marts.rpt_daily_flow "
        f"where supplier_mpid = '{mpid}' and date_day > date '2026-11-09' - 91 group by flow",
    )
    by_flow = {each["flow"]: each["points"] for each in flows}
    gained, lost, migrated, back = figure_of(app, f"flows_{mpid}")["data"]
    assert sum(gained["y"]) == by_flow.get("SWITCH_IN", 0) + by_flow.get("NEW", 0)
    assert -sum(lost["y"]) == by_flow.get("SWITCH_OUT", 0) + by_flow.get("LOST", 0)
    assert sum(migrated["y"]) == by_flow.get("FORWARD", 0)
    assert -sum(back["y"]) == by_flow.get("REVERSE", 0)
    exceptions = rows_of(
        market_warehouse,
        "select rule_id, count(*) as rows from marts.fct_exception "
        f"where mpid = '{mpid}' group by rule_id",
    )
    links = {query: label for label, query in links_of(app).items() if "rule_id=" in query}
    assert set(links) == {f"rule_id={each['rule_id']}&mpid={mpid}" for each in exceptions}
    for each in exceptions:
        label = links[f"rule_id={each['rule_id']}&mpid={mpid}"]
        assert label.startswith(f"**{each['rows']:,}**")


def test_before_m14_a_supplier_is_at_risk(market_warehouse: Path) -> None:
    (row,) = rows_of(
        market_warehouse,
        "from marts.rpt_supplier_readiness where not is_qualified "
        "and readiness_status <> 'ON_TRACK' order by mpid limit 1",
        BEFORE,
    )
    app = open_page("supplier", mpid=row["mpid"], asof=publication_id(market_warehouse, BEFORE))
    assert "at risk of missing M14" in lead_of(app)
    assert "breach" not in lead_of(app)


def test_a_supplier_is_chosen_by_its_address_and_its_links_keep_the_publication(
    market_warehouse: Path,
) -> None:
    mpid = worst_supplier(market_warehouse)["mpid"]
    pinned = publication_id(market_warehouse, BEFORE)
    app = open_page("supplier", mpid=mpid, asof=pinned)
    assert app.selectbox(key="mpid").value == mpid
    assert all(f"asof={pinned}" in query for query in links_of(app).values())
    app.selectbox(key="mpid").set_value(None).run()
    assert app.title[0].value == "Supplier"
    assert "mpid" not in app.query_params


def test_an_unknown_supplier_is_said_to_be_none() -> None:
    said = text_of(open_page("supplier", mpid="NOPE"))
    assert "No Supplier has MPID “NOPE” on 9 Nov 2026." in said
    assert "Choose a Supplier to see its state" not in said
    assert "Choose a Supplier to see its state" in text_of(open_page("supplier"))


def test_no_supplier_says_what_to_do(empty: None) -> None:
    assert "holds no Supplier" in text_of(open_page("supplier"))


@pytest.mark.parametrize(
    ("changes", "as_of", "says"),
    [
        ({}, date(2026, 10, 28), "is not Qualified after M14, a breach</strong>: it holds 5 live"),
        ({}, date(2026, 10, 27), "is not Qualified and at risk of missing M14</strong>"),
        ({"readiness_status": "ON_TRACK"}, date(2026, 9, 1), "not Qualified and on track for M14"),
        ({"is_qualified": True}, date(2026, 11, 1), "5 live Metering Points of other segments are"),
        ({"is_qualified": True}, date(2026, 11, 1), "in breach"),
        ({"is_qualified": True}, date(2026, 10, 1), "at risk"),
        (
            {"is_qualified": True, "points_not_qualified": 0},
            date(2026, 11, 1),
            "&lt;Alder&gt; is Qualified</strong> since 3 March 2026.",
        ),
    ],
)
def test_the_sentence_of_a_supplier(changes: dict[str, Any], as_of: date, says: str) -> None:
    row = {
        "mpid": "ALDR",
        "participant_name": "<Alder>",
        "is_qualified": False,
        "qualified_from": date(2026, 3, 3),
        "points_not_qualified": 5,
        "readiness_status": "LATE",
        **changes,
    }
    assert says in supplier_sentence(row, date(2026, 10, 28), as_of)


# Overview


def test_the_overview_names_suppliers_that_became_qualified(market_warehouse: Path) -> None:
    app = open_page("overview")
    sql = "select mpid, is_qualified from marts.rpt_supplier_readiness"
    before = {row["mpid"]: row["is_qualified"] for row in rows_of(market_warehouse, sql, BEFORE)}
    now = {row["mpid"]: row["is_qualified"] for row in rows_of(market_warehouse, sql)}
    turned = {mpid for mpid in now if before.get(mpid, now[mpid]) != now[mpid]}
    gained = {mpid for mpid in turned if now[mpid]}
    assert gained
    (title,) = [each.value for each in app.subheader]
    assert title.startswith(f"{len(gained)} Supplier")
    links = {query: label for label, query in links_of(app).items() if query.startswith("mpid=")}
    assert {f"mpid={mpid}" for mpid in turned} <= set(links)
    assert "breach" in lead_of(app)
    first = open_page("overview", asof=publication_id(market_warehouse, BEFORE))
    assert not first.subheader  # there is no earlier publication


def test_each_card_of_the_overview_leads_somewhere(market_warehouse: Path) -> None:
    links = links_of(open_page("overview"))
    assert links["See these points"] == "rule_id=SUP-01&status=OPEN"
    assert links["See the plan"] == ""
    statuses = links["See those that are not"].replace("readiness_status=", "").split("&")
    shown = rows_of(
        market_warehouse,
        "from marts.rpt_supplier_readiness where readiness_status in ("
        + ", ".join(f"'{status}'" for status in statuses)
        + ")",
    )
    waiting = value_of(
        market_warehouse, "select suppliers - suppliers_qualified from marts.rpt_m14_headline"
    )
    assert len(shown) == waiting


# What the pages share


def test_roles_are_called_as_in_the_seed() -> None:
    with (PROJECT / "seeds/reference/market_role.csv").open(encoding="utf-8") as file:
        titles = {row["market_role"]: row["title"] for row in csv.DictReader(file)}
    assert titles == words.ROLE


def test_a_list_is_offered_to_compliance_as_far_as_its_filters_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, dict[str, list[str]], int]] = []
    monkeypatch.setattr(
        list_download,
        "download_panel",
        lambda frame, name, filters, rows: asked.append((name, dict(filters), rows)),
    )
    known = list_download.LISTS["exceptions"]
    monkeypatch.setitem(list_download.LISTS, "suppliers", known)  # any list that has no filter `q`
    app = open_page("suppliers", market_segment="S", q="z")
    assert "The file does not follow every filter" in app.caption[-2].value
    ((name, filters, rows),) = asked
    assert (name, filters) == ("suppliers", {"market_segment": ["S"]})
    assert rows > 0
    read_as(monkeypatch, "leadership", "analyst", "admin")
    app = open_page("agents")
    assert len(asked) == 1
    assert any("needs the role compliance" in each.value for each in app.caption)


@pytest.mark.parametrize(
    "page", ["suppliers", "supplier", "agents", "networks", "migration", "plan"]
)
def test_a_warm_page_takes_less_than_half_a_second(page: str) -> None:
    parameters = {"supplier": {"mpid": "ZALD"}, "agents": {"agent": "ZTAR|SDS"}}
    app = open_page(page, **parameters.get(page, {}))
    times = []
    for _ in range(5):
        start = time.process_time()
        app.run()
        times.append(time.process_time() - start)
    assert sorted(times)[2] < 0.5, times
