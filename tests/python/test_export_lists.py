"""Identity 4: CSV, XLSX and Parquet of one filter hold the rows that the page counts, and SQL."""

from __future__ import annotations

import csv
import json
import os
import shutil
import time
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards import data, exporting
from dashboards.auth import Forbidden
from dashboards.components import words
from pipeline.export import LISTS, ExportRefused, condition, export, in_words
from pipeline.export_lists import BODIES
from pipeline.publication import file_sha256
from tests.app_pages import publications_of, read_as
from tests.command import pipeline

Row = dict[str, Any]
Check = Callable[[Row, list[str]], bool]
CASES = {"exceptions": 60, "suppliers": 40}


def text(row: Row) -> str:
    parts = [part for part in (row["participant_name"], row["mpid"]) if part is not None]
    return " ".join(parts).lower()


def column(name: str) -> Check:
    return lambda row, values: row[name] in values


# What a filter means, in Python: a way that has nothing in common with the SQL of the lists.
MEANINGS: dict[tuple[str, str], Check] = {
    ("exceptions", "mpid"): lambda row, values: (row["mpid"] or "-") in values,
    ("exceptions", "occurred_from"): lambda row, v: row["occurred_on"] >= date.fromisoformat(v[0]),
    ("exceptions", "occurred_to"): lambda row, v: row["occurred_on"] <= date.fromisoformat(v[0]),
    ("exceptions", "change"): lambda row, v: row["change_since_previous"] in v,
    ("suppliers", "market_segment"): lambda row, v: bool(row["segments_held"] & set(v)),
    ("suppliers", "missing"): lambda row, v: any(
        BODIES[body] in (row["missing_approvals"] or "") for body in v
    ),
    ("quarantine", "extract"): lambda row, v: row["file"].partition("/")[0] in v,
    ("quarantine", "column_name"): lambda row, v: (row["column_name"] or "-") in v,
    ("loads", "business_from"): lambda row, v: (
        (row["business_date"] or date.min) >= date.fromisoformat(v[0])
    ),
    ("loads", "business_to"): lambda row, v: (
        (row["business_date"] or date.max) <= date.fromisoformat(v[0])
    ),
    **{
        (name, "not_qualified"): lambda row, v: v == ["false"] or not row["is_qualified"]
        for name in ("suppliers", "agents", "networks")
    },
    **{
        (name, "q"): lambda row, v: v[0].lower() in text(row)
        for name in ("suppliers", "agents", "networks")
    },
}


@cache
def rows_of(publication: Path, list_name: str) -> list[Row]:
    """Every row of the list's mart, and of a Supplier the segments that it holds points of."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{publication}' as p (read_only)")
        rows = connection.execute(f"from p.marts.{LISTS[list_name].mart}").pl().to_dicts()
        held: dict[str, set[str]] = {}
        for mpid, segment in connection.execute(
            "select supplier_mpid, market_segment from p.marts.rpt_daily_position "
            "where date_day = (select as_of from p.marts.rpt_m14_headline)"
        ).fetchall():
            held.setdefault(mpid, set()).add(segment)
    if list_name == "suppliers":
        return [row | {"segments_held": held.get(row["mpid"], set())} for row in rows]
    return rows


def expected(publication: Path, list_name: str, filters: dict[str, list[str]]) -> list[Row]:
    checks = {
        name: MEANINGS.get((list_name, name)) or column(name) for name, v in filters.items() if v
    }
    return [
        row
        for row in rows_of(publication, list_name)
        if all(check(row, filters[name]) for name, check in checks.items())
    ]


def values_of(publication: Path, list_name: str, name: str) -> list[str]:
    """Values that a filter can be given: some that the mart has, one that it has not."""
    known = LISTS[list_name].filters[name]
    if known.kind == "yes":
        return ["true", "false"]
    if known.kind in ("from_day", "to_day"):
        return ["2025-10-22", "2026-06-30", "2026-10-28", "2026-11-05", "1999-01-01"]
    if known.kind == "text":
        return ["energy", "Z", "zald", "xx%", "'"]
    if known.means:
        return list(known.means)
    if name == "market_segment":
        return ["S", "A", "U"]
    derived = {
        ("quarantine", "extract"): lambda row: row["file"].partition("/")[0],
        ("exceptions", "change"): lambda row: row["change_since_previous"],
    }
    get = derived.get((list_name, name), lambda row: row[name])
    found = {get(row) or "-" for row in rows_of(publication, list_name)}
    return [*sorted(found)[:30], "nothing like it"]


@st.composite
def requests(draw: st.DrawFn, publication: Path, list_name: str) -> dict[str, list[str]]:
    names = draw(st.lists(st.sampled_from(list(LISTS[list_name].filters)), max_size=3, unique=True))
    filters = {}
    for name in names:
        one = LISTS[list_name].filters[name].kind != "any_of"
        some = st.lists(
            st.sampled_from(values_of(publication, list_name, name)),
            min_size=1,
            max_size=1 if one else 3,
            unique=True,
        )
        filters[name] = draw(some)
    return filters


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("list_name", LISTS)
def test_every_format_holds_the_rows_that_the_page_counts(
    list_name: str, market_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(market_warehouse))
    publication = publications_of(market_warehouse)[-1]
    view = data.store.kept()[0]
    seen = set()

    @settings(max_examples=CASES.get(list_name, 15), deadline=None, derandomize=True)
    @given(requests(publication, list_name))
    def one_request(filters: dict[str, list[str]]) -> None:
        rows = expected(publication, list_name, filters)
        seen.add(len(rows))
        assert data.lists.count(view, list_name, filters) == len(rows)
        files = {
            form: tmp_path
            / export(publication, tmp_path / f"x.{form}", filters, None, form, list_name)["file"]
            for form in ("csv", "xlsx", "parquet")
        }
        plain = pl.read_parquet(files["parquet"])
        sheet = pl.read_excel(files["xlsx"], sheet_id=2, infer_schema_length=None)
        lines = read_csv(files["csv"])
        assert plain.height == sheet.height == len(lines) == len(rows)
        keys = [[row[name] for name in plain.columns] for row in rows]
        assert sorted(map(str, plain.rows())) == sorted(str(tuple(key)) for key in keys)
        # The formats have the same rows in the same order, each as itself.
        for name, kind in plain.schema.items():
            in_csv = [line[name] or None for line in lines]
            if kind == pl.String:
                assert in_csv == [value or None for value in plain[name]]
                if rows:
                    found = sheet[name].cast(pl.String).to_list()
                    assert found == [value or None for value in plain[name]]
            elif kind == pl.Date:
                assert in_csv == [str(day) if day else None for day in plain[name]]

    one_request()
    assert len(seen) > 2


@pytest.mark.parametrize("list_name", LISTS)
@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_the_command_line_gives_the_bytes_of_the_dashboard(
    list_name: str,
    form: str,
    market_warehouse: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served = tmp_path / "served"
    shutil.copytree(market_warehouse / "published", served / "published")
    monkeypatch.setenv("MHHS_WAREHOUSE", str(served))
    view = data.store.kept()[0]
    name = next(iter(LISTS[list_name].filters))
    values = values_of(Path(view.path), list_name, name)[:2]
    asked = exporting.order(view, list_name, {name: list(reversed(values))}, form)
    exporting.start(asked)
    deadline = time.monotonic() + 60
    while exporting.is_running(asked) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert exporting.failure(asked) is None
    manifest = exporting.finished(asked)
    assert manifest is not None
    out = tmp_path / f"cli.{form}"
    words_of_filters = [part for value in values for part in ("--filter", f"{name}={value}")]
    pipeline(
        *("export", "--warehouse", market_warehouse, "--list", list_name, "--format", form),
        *(*words_of_filters, "--out", out),
    )
    assert file_sha256(out) == manifest["sha256"]
    theirs = json.loads((tmp_path / f"cli.{form}.manifest.json").read_text())
    assert {**theirs, "file": ""} == {**manifest, "file": ""}


def test_rows_come_in_the_order_of_the_list_though_they_are_not_sorted(
    market_warehouse: Path, tmp_path: Path
) -> None:
    publication = publications_of(market_warehouse)[-1]
    manifest = publication.with_name(f"{publication.stem}.manifest.json")
    known = json.loads(manifest.read_text())
    assert known["orders"]["fct_exception"] == list(LISTS["exceptions"].order_by)
    older = tmp_path / publication.name
    os.link(publication, older)
    del known["orders"]  # as a publication of before: then the rows are sorted
    older.with_name(manifest.name).write_text(json.dumps(known))
    for filters in ({}, {"severity": ["WARNING", "BREACH"]}, {"mpid": ["ZALD"]}):
        one = export(publication, tmp_path / "one.csv", filters)
        two = export(older, tmp_path / "two.csv", filters)
        assert one["sha256"] == two["sha256"]


@pytest.mark.parametrize("list_name", LISTS)
def test_a_file_is_ordered_by_compliance_alone(
    list_name: str, fixture_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert LISTS[list_name].name == list_name
    assert len(LISTS[list_name].title) <= 31  # a sheet's name
    served = tmp_path / "served"
    shutil.copytree(fixture_warehouse, served)
    monkeypatch.setenv("MHHS_WAREHOUSE", str(served))
    asked = exporting.order(data.store.kept()[0], list_name, {})
    read_as(monkeypatch, "leadership", "analyst", "admin")
    with pytest.raises(Forbidden):
        exporting.start(asked)
    assert not exporting.is_running(asked)
    read_as(monkeypatch, "compliance")
    exporting.start(asked)
    while exporting.is_running(asked):
        time.sleep(0.05)
    assert exporting.finished(asked)


def test_bodies_are_called_as_in_the_marts_and_on_the_pages() -> None:
    assert BODIES == words.BODY


def test_filters_of_meaning_refuse_and_speak() -> None:
    suppliers = LISTS["suppliers"]
    with pytest.raises(ExportRefused, match="takes BSC_PAB, REC_CM, DIP_MGR, not PAB"):
        condition(suppliers, {"missing": ["PAB"]})
    with pytest.raises(ExportRefused, match="takes one text, not a, b"):
        condition(suppliers, {"q": ["a", "b"]})
    said = in_words(suppliers, {"missing": ["REC_CM"], "q": ["oak"], "not_qualified": ["true"]})
    assert said == ("Missing approval: REC Code Manager; Not Qualified; Name or MPID contains: oak")


def test_exports_of_gone_publications_go_and_standing_lists_stay(
    fixture_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = tmp_path / "served"
    shutil.copytree(fixture_warehouse, served)
    monkeypatch.setenv("MHHS_WAREHOUSE", str(served))
    gone = served / "exports" / "20250101-20250102T030405Z-0123abcd" / "x"
    daily = served / "exports" / "daily" / "2026-11-10"
    for folder in (gone, daily):
        folder.mkdir(parents=True)
    view = data.store.kept()[0]
    for name in ("new", "all"):
        for form in ("csv", "parquet"):
            export(Path(view.path), daily / f"exceptions-{name}.{form}", {}, None, form)
    other = json.loads((daily / "exceptions-new.csv.manifest.json").read_text())
    other["publication_id"] = "another"
    (daily / "exceptions-new.csv.manifest.json").write_text(json.dumps(other))
    asked = exporting.order(view, "rules", {})
    exporting.start(asked)
    while exporting.is_running(asked):
        time.sleep(0.05)
    assert not gone.parent.exists()
    found = exporting.standing(view)
    assert [(each.name, each.path) for each in found] == [
        ("new", "daily/2026-11-10/exceptions-new.parquet"),
        ("all", "daily/2026-11-10/exceptions-all.csv"),
        ("all", "daily/2026-11-10/exceptions-all.parquet"),
    ]
