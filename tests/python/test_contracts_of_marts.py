"""Publications of an earlier contract: readable, named as such, and never mixed with this one."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from dashboards.data import points, store
from dashboards.registry import PAGES
from pipeline import CONTRACT_VERSION, ledger, publication
from pipeline.export import export
from pipeline.layout import Warehouse
from pipeline.publication import publications
from pipeline.sql_text import mpan_text
from tests import app_pages
from tests.app_pages import open_page, publications_of, text_of
from tests.command import PROJECT
from tests.short import short

CASE = PROJECT / "tests" / "golden" / "cases" / "switch_at_m14" / "landing"
FIRST, SECOND, THIRD = "2026-11-10", "2026-11-11", "2026-11-12"
# What contract 1 did not have, besides two marts; its MPANs were text, and LEGACY had spells too.
GONE = {
    "fct_exception": ("counted_from", "change_since_previous"),
    "fct_exception_history": ("escalated_on", "eased_on"),
    "rpt_exception_summary": ("escalated_since_previous", "eased_since_previous"),
    "rpt_load": ("noted",),
    "rpt_m14_headline": ("reverse_migrations_since_m14", "gained_not_qualified_since_m14"),
    "dim_metering_point": ("metering_until", "data_until", "has_several_agents"),
    "fct_appointment": ("is_counted", "load_id"),
    "fct_holding": ("registered_to", "next_from", "load_id"),
    "fct_migration": (
        *("responsible_mpid", "responsible_is_qualified", "gsp_group_id", "ldso_mpid"),
        *("is_domestic", "annual_kwh", "load_id"),
    ),
    "rpt_m15_outlook": ("suppliers_too_slow", "points_at_suppliers_too_slow", "verdict"),
}

POINTS = (
    "dim_metering_point",
    "fct_appointment",
    "fct_holding",
    "fct_migration",
    "fct_regime",
)


def make_earlier(root: Path, path: Path) -> None:
    """Take from a publication what contract 1 did not have."""
    path.chmod(0o640)
    with closing(duckdb.connect(str(path))) as connection:
        for mart, columns in GONE.items():
            for column in columns:
                connection.execute(
                    f"create or replace table marts.{mart} as "
                    f"select * exclude ({column}) from marts.{mart}"
                )
        for mart in (*POINTS, "fct_exception"):
            connection.execute(
                f"create or replace table marts.{mart} as "
                f"select * replace ({mpan_text('mpan')} as mpan) from marts.{mart}"
            )
        connection.execute("delete from marts.fct_holding where valid_from = valid_to")
        connection.execute(
            """
            create or replace table marts.fct_regime as
            select mpan, 'MHHS' as regime, valid_from, valid_to from marts.fct_regime
            union all
            select mpan, 'LEGACY', lag(valid_to, 1, date '0001-01-01') over spells, valid_from
            from marts.fct_regime
            window spells as (partition by mpan order by valid_from)
            union all
            select mpan, 'LEGACY', max(valid_to), date '9999-12-31'
            from marts.fct_regime group by mpan having max(valid_to) < date '9999-12-31'
            """
        )
        for mart in ("fct_noted_value", "rpt_rule_assessment"):
            connection.execute(f"drop table marts.{mart}")
    manifest = root / "published" / f"{path.stem}.manifest.json"
    document: dict[str, Any] = json.loads(manifest.read_text("utf-8"))
    del document["contract"]
    manifest.write_text(json.dumps(document), "utf-8")


@pytest.fixture(scope="module")
def market(market_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("contracts") / "warehouse"
    shutil.copytree(market_warehouse / "published", root / "published")
    make_earlier(root, publications_of(root)[0])
    return root


def test_a_point_of_an_earlier_contract_is_the_same(
    market: Path, market_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = publications_of(market_warehouse)[0]
    ((number,),) = app_pages.ask(
        earlier,
        f"select {mpan_text('mpan')} from fct_regime "
        "where mpan in (select mpan from dim_metering_point) and valid_to < date '9999-12-31' "
        "order by all limit 1",
    )
    found = []
    for root in (market_warehouse, market):
        monkeypatch.setenv("MHHS_WAREHOUSE", str(root))
        view = next(each for each in store.kept() if each.publication_id == earlier.stem)
        found.append(points.look_up(view, number))
    before, now = found
    assert now.regimes == before.regimes
    assert [each["regime"] for each in now.regimes[:2]] == ["LEGACY", "MHHS"]
    held = [each for each in before.holdings if each["valid_from"] < each["valid_to"]]
    for row, same in zip(now.holdings, held, strict=True):
        assert {**row, "registered_to": None, "next_from": None, "load_id": None} == {
            **same,
            "registered_to": None,
            "next_from": None,
            "load_id": None,
        }
    assert len(now.exceptions) == len(before.exceptions)


@pytest.mark.parametrize("page", [entry.name for entry in PAGES])
def test_every_page_shows_an_earlier_contract_and_names_it(
    page: str, market: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(market))
    earlier, now = publications_of(market)
    said = text_of(open_page(page, asof=earlier.stem))
    assert "Contract 1 of the marts</b>: some statuses" in said
    assert f"<span>Contract {CONTRACT_VERSION}</span>" in text_of(open_page(page, asof=now.stem))


def test_a_difference_between_contracts_is_not_called_a_change_of_the_market(
    market: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(market))
    said = text_of(open_page("changes"))
    assert "follow different contracts of the marts, 1 and 2" in said


def test_a_filtered_list_of_an_earlier_contract_is_the_one_on_its_page(
    market: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It has the columns of this contract, and those of its own with their values."""
    monkeypatch.setenv("MHHS_WAREHOUSE", str(market))
    earlier = publications_of(market)[0]
    filters = {"change": ["NEW"], "severity": ["BREACH"]}
    manifest = export(earlier, tmp_path / "list.parquet", filters, format="parquet")
    said = text_of(open_page("exceptions", asof=earlier.stem, **filters))
    assert manifest["rows"] > 0
    assert f"**{manifest['rows']:,} exceptions** match the filters" in said
    written = pl.read_parquet(tmp_path / "list.parquet")
    assert written["counted_from"].null_count() == written.height
    assert written["occurred_on"].null_count() == 0


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse whose first publication is of contract 1, and two builds of this code."""
    root = tmp_path_factory.mktemp("upgraded")
    warehouse = root / "warehouse"
    short("run", "--landing", CASE, "--warehouse", warehouse, "--as-of", FIRST)
    (first,) = publications_of(warehouse)
    make_earlier(warehouse, first)
    shutil.rmtree(warehouse / "history" / "exceptions")
    short("publish", "--warehouse", warehouse, "--as-of", SECOND)
    short("publish", "--warehouse", warehouse, "--as-of", THIRD)
    return warehouse


def ask(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(duckdb.connect(str(path), read_only=True)) as connection:
        return connection.execute(sql).fetchall()


def test_the_first_publication_of_a_contract_shows_nothing_new_or_resolved(upgraded: Path) -> None:
    _, second, third = publications_of(upgraded)
    kept = {each.path: each for each in publications(Warehouse(upgraded))}
    counted = (
        "select count(*) > 0, sum(new_since_previous), sum(resolved_since_previous), "
        "sum(escalated_since_previous) from marts.rpt_exception_summary"
    )
    assert ask(second, counted) == [(True, 0, 0, 0)]
    assert kept[second].manifest["is_first_of_contract"] is True
    assert kept[third].manifest["is_first_of_contract"] is False


def test_the_ledger_knows_the_contract_of_each_record(upgraded: Path) -> None:
    records = sorted((upgraded / "history" / "exceptions").glob("*.parquet"))
    assert [ledger.contract_of(path) for path in records] == [1, 2, 2]
    assert list((upgraded / "history" / "causes").glob("*.parquet")) != []


def test_a_comparison_across_contracts_has_its_own_cause(
    upgraded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, _ = publications_of(upgraded)
    with closing(duckdb.connect(str(first))) as connection:  # contract 1 said so of one of them
        connection.execute(
            "update marts.fct_exception set status = 'RECORDED' where rule_id = 'SUP-03' "
            "and subject_key = (select min(subject_key) from marts.fct_exception "
            "where rule_id = 'SUP-03' and status = 'OPEN')"
        )
    done = short("compare", first.stem, second.stem, "--warehouse", upgraded, "--json")
    changes = json.loads(done.stdout)["changes"]
    assert ("SUP-03", "RE_STATED", "DEFINITION_CHANGED", 1) in {
        (each["rule_id"], each["change"], each["cause"], each["exceptions"]) for each in changes
    }
    assert not [each for each in changes if each["cause"] == "CORRECTION"]


def test_so_has_one_of_two_publications_of_an_earlier_contract(upgraded: Path) -> None:
    """The rules that are run once more are those of this code."""
    first, second = (path.stem for path in publications_of(upgraded)[:2])
    copy = upgraded.parent / "both_earlier"
    shutil.copytree(upgraded, copy)
    make_earlier(copy, publications_of(copy)[1])
    done = short("compare", first, second, "--warehouse", copy, "--json")
    assert "CORRECTION" not in {each["cause"] for each in json.loads(done.stdout)["changes"]}


def test_a_manifest_of_this_code_names_its_contract(upgraded: Path) -> None:
    newest = publications(Warehouse(upgraded))[0]
    assert newest.contract == publication.CONTRACT_VERSION == 2
    assert newest.summary()["contract"] == 2
