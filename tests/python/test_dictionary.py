"""The data dictionary: made with the publication, kept, verified and deleted with it; its page."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import auth, data
from dashboards.auth import User
from pipeline.dictionary import make
from pipeline.keeping import prune, verify
from pipeline.layout import Warehouse
from pipeline.publication import _sweep, current, publications
from tests import app_pages
from tests.fixture_publication import contracts

# `rpt_publication` is made when a build is published, by no model.
TABLES = len(contracts()) + 1


@pytest.fixture
def warehouse(market_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    shutil.copytree(market_warehouse / "published", tmp_path / "published")
    monkeypatch.setenv("MHHS_WAREHOUSE", str(tmp_path))
    monkeypatch.setenv("MHHS_TODAY", "2026-11-11")
    return Warehouse(tmp_path)


@pytest.fixture
def document(warehouse: Warehouse) -> dict[str, Any]:
    path = warehouse.dictionary(current(warehouse).publication_id)
    return dict(json.loads(path.read_text("utf-8")))


def test_it_lies_beside_its_publication_and_the_manifest_names_it(warehouse: Warehouse) -> None:
    for publication in publications(warehouse):
        content = warehouse.dictionary(publication.publication_id).read_bytes()
        assert publication.manifest["dictionary"] == {
            "file": f"{publication.publication_id}.dictionary.json",
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        assert len(content) < 500_000


def test_every_mart_is_in_it_with_its_contract(
    warehouse: Warehouse, document: dict[str, Any]
) -> None:
    models = document["models"]
    marts = {name for name, model in models.items() if model["kind"] == "mart"}
    assert marts == set(current(warehouse).manifest["marts"])
    for name in marts:
        assert models[name]["description"].startswith("One row per ")
        assert models[name]["owner"]
        assert models[name]["key"]
        assert models[name]["sql"]
        assert models[name]["extracts"] or name in ("dim_date", "dim_milestone")
        assert all(each["description"] and each["type"] for each in models[name]["columns"])
    headings = {each["name"] for each in models["fct_exception"]["columns"]}
    assert {"mpan", "reason_detail", "as_of"} <= headings


def test_lineage_leads_both_ways(document: dict[str, Any]) -> None:
    models = document["models"]
    for name, model in models.items():
        for parent in model["made_from"]:
            assert name in models[parent]["used_by"]
        for child in model["used_by"]:
            assert name in models[child]["made_from"]
    assert "exception_sighting" in models["fct_exception"]["made_from"]
    assert "rpt_m14_headline" in models["fct_exception"]["used_by"]
    assert "registration" in models["rpt_m14_headline"]["extracts"]
    assert "exc_sup_01" in models["int_rule_finding"]["made_from"]
    (page,) = (each for each in document["pages"] if each["name"] == "exceptions")
    assert page["title"] == "Exceptions"
    assert "fct_exception" in page["reads"]


def test_tests_are_told_in_words(document: dict[str, Any]) -> None:
    models = document["models"]

    def words(model: str, column: str | None) -> list[str]:
        return [each["words"] for each in models[model]["tests"] if each["column"] == column]

    assert "One row for each exception_id." in words("fct_exception", None)
    assert "One of OPEN, CLOSED, RECORDED." in words("fct_exception", "status")
    assert "One that the seed rule lists." in words("fct_exception", "rule_id")
    assert (
        "One row for each mpan, valid_from, in that order. "
        "Intervals of one mpan do not overlap or touch."
    ) in words("fct_regime", None)
    assert any(
        each.endswith("Intervals of one mpan do not overlap.")
        for each in words("fct_holding", None)
    )
    assert any("headline" in each for each in words("rpt_m14_headline", None))
    assert "sum(exceptions) is count(*) of fct_exception, for each rule_id." in words(
        "rpt_exception_summary", None
    )
    assert models["exc_sup_01"]["unit_tests"][0]["words"]
    for model in models.values():
        for each in model["tests"]:
            assert each["words"].endswith("."), each


def test_no_two_nodes_share_a_name(warehouse: Warehouse) -> None:
    node = {
        "resource_type": "model",
        "name": "one",
        "schema": "marts",
        "fqn": ["p", "marts", "core", "one"],
        "description": "",
        "columns": {},
    }
    twice = {"nodes": {"model.p.one": node, "seed.p.one": node | {"resource_type": "seed"}}}
    with pytest.raises(ValueError, match="one"):
        make(twice | {"sources": {}, "unit_tests": {}, "groups": {}, "exposures": {}})


def test_it_is_verified(warehouse: Warehouse) -> None:
    assert verify(warehouse, publications(warehouse)) == []
    path = warehouse.dictionary(current(warehouse).publication_id)
    content = path.read_text("utf-8")
    path.write_text(content.replace("Metering Point", "meter"), "utf-8")
    (fault,) = verify(warehouse, publications(warehouse))
    assert path.name in fault
    path.unlink()
    assert verify(warehouse, publications(warehouse)) == [fault]


def test_a_publication_older_than_dictionaries_is_whole(warehouse: Warehouse) -> None:
    publication = current(warehouse)
    warehouse.dictionary(publication.publication_id).unlink()
    manifest = {name: value for name, value in publication.manifest.items() if name != "dictionary"}
    warehouse.manifest(publication.publication_id).write_text(json.dumps(manifest), "utf-8")
    assert verify(warehouse, publications(warehouse)) == []


def test_it_goes_with_its_publication(warehouse: Warehouse) -> None:
    newest, oldest = publications(warehouse)
    assert prune(warehouse, keep=1).deleted == [oldest.publication_id]
    assert not warehouse.dictionary(oldest.publication_id).exists()
    assert warehouse.dictionary(newest.publication_id).exists()


def test_one_that_a_killed_publication_left_is_swept(warehouse: Warehouse) -> None:
    left = warehouse.dictionary("20261111-20261111T000000Z-killed00")
    left.write_text("{}")
    _sweep(warehouse)
    assert not left.exists()
    assert len(list(warehouse.published.glob("*.dictionary.json"))) == 2


def open_page(**parameters: str) -> AppTest:
    return app_pages.open_page("dictionary", **parameters)


def text_of(app: AppTest) -> str:
    parts = [element.proto.body for element in app.get("html")]
    for kind in (app.markdown, app.title, app.header, app.subheader, app.info, app.code):
        parts += [str(element.value) for element in kind]
    return "\n".join(parts).replace("\u00a0", " ").replace("\\", "")


def links_of(app: AppTest) -> list[str]:
    return [element.proto.label.replace("\\", "") for element in app.get("page_link")]


def test_the_page_is_open_to_every_role(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "LOCAL_USER", User("lea", frozenset({"leadership"})))
    text = text_of(open_page())
    assert f"{TABLES} marts with" in text
    assert "23 rules</strong>" in text
    assert f"**{TABLES} tables.**" in text


def test_a_mart_in_full(warehouse: Warehouse) -> None:
    app = open_page(model="fct_exception")
    text = text_of(app)
    assert "One row per exception found on the as-of day" in text
    assert "<code>exception_id</code></th>" in text
    assert "Tested: Never empty. One of OPEN, CLOSED, RECORDED." in text
    assert "Intervals" not in text
    assert "Maintainers of the MHHS readiness warehouse" in text
    rows = current(warehouse).manifest["marts"]["fct_exception"]["rows"]
    assert f"<dd>{rows:,}</dd>" in text
    assert "Pages: Changes, Exceptions, Metering Point" in text
    assert "int_finding · step between" in links_of(app)
    assert "rpt_m14_headline · mart" in links_of(app)
    assert any("ref('int_finding')" in each.value for each in app.code)
    assert app.query_params["model"] == "fct_exception"


def test_what_lies_behind_the_marts_can_be_read_too(warehouse: Warehouse) -> None:
    app = open_page(behind="true", model="exc_sup_01")
    text = text_of(app)
    assert "Step between" in text
    kinds = set(app.dataframe[0].value["Kind"])
    assert kinds == {"Mart", "Step between", "Typed extract", "Seed", "Raw table"}


def test_search_and_group_narrow(warehouse: Warehouse) -> None:
    app = open_page(q="first_detected_on")
    assert list(app.dataframe[0].value["Table"]) == ["fct_exception"]
    assert list(app.dataframe[0].value["Found in"]) == ["first_detected_on"]
    app.text_input(key="q").set_value("").run()
    app.multiselect(key="group").set_value(["leadership"]).run()
    assert all(name.startswith("rpt_") for name in app.dataframe[0].value["Table"])
    app.text_input(key="q").set_value("no such word").run()
    assert "**0 tables.**" in text_of(app)
    next(each for each in app.button if each.label.startswith("Clear")).click().run()
    assert f"**{TABLES} tables.**" in text_of(app)


def test_rules_in_full(warehouse: Warehouse) -> None:
    app = open_page(rule="SUP-06")
    assert app.query_params["part"] == "rules"
    text = text_of(app)
    assert len(app.dataframe[0].value) == 23
    for words in (
        "is held on the as-of day by a Supplier that is not Qualified",
        "Before M14",
        "Warning",
        "From M14",
        "Breach",
        "REC Portal, MHHS Qualification of existing REC parties",
        "from M14 treat as a breach",
        "Unit tests",
    ):
        assert words in text
    assert "Exceptions of SUP-06" in links_of(app)
    assert "The model that finds it: exc_sup_06" in links_of(app)
    app.text_input(key="q").set_value("overlap next").run()
    assert list(app.dataframe[0].value["Rule"]) == ["INT-01"]


def test_measures_are_the_figures_of_the_reports(warehouse: Warehouse) -> None:
    app = open_page(part="measures", q="points_not_qualified")
    rows = app.dataframe[0].value
    assert set(rows["Mart"]) == {
        "rpt_gsp_group_progress",
        "rpt_m14_headline",
        "rpt_supplier_readiness",
    }
    assert all(rows["What it counts"])


def test_every_measure_and_column_of_the_contract_is_found(warehouse: Warehouse) -> None:
    view = next(each for each in data.store.kept() if each.is_current)
    known = data.dictionary.load(view)
    for mart, columns in contracts().items():
        assert {column.name for column in known.models[mart].columns} == set(columns)


def test_a_publication_without_a_dictionary_tells_what_its_comments_tell(
    warehouse: Warehouse,
) -> None:
    warehouse.dictionary(current(warehouse).publication_id).unlink()
    app = open_page(model="fct_exception")
    text = text_of(app)
    assert "made before publications kept a dictionary" in text
    assert "Lower-case hex md5 of rule, key and first day" in text
    assert "Lineage" not in text
    assert f"**{TABLES} tables.**" in text


def test_words_of_a_dictionary_are_never_markup(
    warehouse: Warehouse, document: dict[str, Any]
) -> None:
    path = warehouse.dictionary(current(warehouse).publication_id)
    document["models"]["dim_rule"]["description"] = "<script>1</script> **bold** $x$"
    document["models"]["dim_rule"]["columns"][0]["description"] = "<b>bold</b>"
    path.write_text(json.dumps(document), "utf-8")
    app = open_page(model="dim_rule")
    html = "".join(element.proto.body for element in app.get("html"))
    assert "<b>bold</b>" not in html
    assert "&lt;b&gt;bold&lt;/b&gt;" in html
    assert r"\<script\>1\</script\> \*\*bold\*\* \$x\$" in [each.value for each in app.markdown]


def test_view_is_the_publication_that_is_chosen(warehouse: Warehouse) -> None:
    oldest = publications(warehouse)[-1]
    app = open_page(asof=oldest.publication_id, model="fct_holding")
    rows = oldest.manifest["marts"]["fct_holding"]["rows"]
    assert f"<dd>{rows:,}</dd>" in text_of(app)
