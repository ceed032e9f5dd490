"""The board report: a tagged PDF whose figures are those of the marts, the same bytes each time."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from streamlit.testing.v1 import AppTest

from dashboards import data, exporting
from dashboards.components import numbers, words
from dashboards.report import ordering
from dashboards.report.contents import NothingToReport, contents, on_paper, runs
from pipeline.publication import file_sha256
from tests.app_pages import open_page, read_as, text_of
from tests.command import pipeline
from tests.market_pages import AFTER, BEFORE, publication_id, rows_of, value_of


def report(warehouse: Path, day: str, folder: Path) -> tuple[Path, dict[str, Any]]:
    """The report of a day by the command line, and what the command says of it."""
    out = folder / f"report-{day}.pdf"
    said = pipeline(
        *("report", "--warehouse", warehouse, "--publication", publication_id(warehouse, day)),
        *("--out", out, "--json"),
    )
    return out, json.loads(said.stdout)


@pytest.fixture(scope="module")
def papers(
    market_warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Path, dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("reports")
    return {day: report(market_warehouse, day, folder) for day in (BEFORE, AFTER)}


def words_of(pdf: Path) -> str:
    """The text of every page, with single spaces."""
    text = " ".join(page.extract_text() for page in PdfReader(pdf).pages)
    return re.sub(r"\s+", " ", text)


def said_of(view_day: str, warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(warehouse))
    wanted = publication_id(warehouse, view_day)
    (view,) = [view for view in data.store.kept() if view.publication_id == wanted]
    return contents(view)


@pytest.mark.parametrize("day", [BEFORE, AFTER])
def test_it_is_tagged_for_screen_readers(
    papers: dict[str, tuple[Path, dict[str, Any]]], day: str
) -> None:
    pdf, _ = papers[day]
    reader = PdfReader(pdf)
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_object().get_data()
    kinds = structure(root["/StructTreeRoot"])
    assert {"/H1", "/H2", "/Table", "/TH", "/TD", "/Figure", "/P"} <= set(kinds)
    assert reader.metadata is not None
    assert "MHHS readiness" in str(reader.metadata.title)


def structure(node: Any) -> list[str]:
    """Kinds of every element below; a figure without an alternative text is an error."""
    node = node.get_object()
    if isinstance(node, list):
        return [kind for child in node for kind in structure(child)]
    if not isinstance(node, dict):
        return []
    kind = str(node.get("/S", ""))
    assert kind != "/Figure" or node.get("/Alt")
    return [kind, *(structure(node["/K"]) if "/K" in node else [])]


def test_every_page_names_its_publication(
    papers: dict[str, tuple[Path, dict[str, Any]]], market_warehouse: Path
) -> None:
    for day, (pdf, _) in papers.items():
        pages = PdfReader(pdf).pages
        assert len(pages) >= 4
        for page in pages:
            text = re.sub(r"\s+", "", page.extract_text())
            assert publication_id(market_warehouse, day) in text


def test_it_holds_no_mpan(papers: dict[str, tuple[Path, dict[str, Any]]]) -> None:
    for pdf, _ in papers.values():
        assert not re.search(r"(?<![\da-f.-])\d{13}(?![\da-f])", words_of(pdf))


def test_risk_before_m14_and_breach_from_it_on(
    papers: dict[str, tuple[Path, dict[str, Any]]],
) -> None:
    before, after = (
        words_of(papers[day][0]).split("Where we stand", 1)[1][:150] for day in (BEFORE, AFTER)
    )
    assert "at risk" in before
    assert "breach" not in before
    assert "breach" in after
    assert "at risk" not in after


def test_its_figures_are_those_of_the_marts(
    papers: dict[str, tuple[Path, dict[str, Any]]], market_warehouse: Path
) -> None:
    for day, (pdf, _) in papers.items():
        text = words_of(pdf)
        (headline,) = rows_of(market_warehouse, "from marts.rpt_m14_headline", day)
        for name in ("live_metering_points", "points_not_qualified"):
            assert f"{headline[name]:,}" in text
        for row in rows_of(
            market_warehouse,
            "from marts.rpt_supplier_readiness where readiness_status <> 'QUALIFIED'",
            day,
        ):
            name = words.party(row["participant_name"], row["mpid"])
            assert re.sub(r"\s", "", name) in re.sub(r"\s", "", text)


def test_findings_are_those_of_the_exceptions(
    market_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in (BEFORE, AFTER):
        said = said_of(day, market_warehouse, monkeypatch)["breaches"]
        known = rows_of(
            market_warehouse,
            "select rule_id, severity, count(*) as total, "
            "count(*) filter (where status = 'OPEN') as open, "
            "min(counted_from) filter (where status = 'OPEN' and counted_from <= as_of) as oldest "
            "from marts.fct_exception group by all",
            day,
        )
        wanted = {
            (row["rule_id"], words.SEVERITY[row["severity"]].title): (
                f"{row['total']:,}",
                f"{row['open']:,}",
                numbers.day(row["oldest"]) if row["oldest"] else numbers.NOT_APPLICABLE,
            )
            for row in known
        }
        found = {
            (row["rule"], row["severity"]["title"]): (row["total"], row["open"], row["oldest"])
            for row in said["breaches"] + said["others"]
            if row["total"] != "0"
        }
        assert found == wanted


def test_holders_are_the_largest_and_every_supplier_stands_once(
    market_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = said_of(AFTER, market_warehouse, monkeypatch)
    largest = rows_of(
        market_warehouse,
        "select points_not_qualified as points from marts.rpt_supplier_readiness "
        "where points_not_qualified > 0 order by points desc, mpid limit 10",
    )
    assert [row["points"] for row in said["holders"]["rows"]] == [
        f"{row['points']:,}" for row in largest
    ]
    suppliers = value_of(market_warehouse, "select count(*) from marts.rpt_supplier_readiness")
    named = [row["name"] for part in ("waiting", "qualified") for row in said["suppliers"][part]]
    assert len(named) == len(set(named)) == suppliers


def test_the_same_publication_gives_the_same_bytes(
    papers: dict[str, tuple[Path, dict[str, Any]]], market_warehouse: Path, tmp_path: Path
) -> None:
    pdf, said = papers[AFTER]
    again, _ = report(market_warehouse, AFTER, tmp_path)
    assert file_sha256(again) == file_sha256(pdf) == said["sha256"]
    manifest = json.loads(pdf.with_name(f"{pdf.name}.manifest.json").read_text())
    assert manifest == said
    assert manifest["publication_id"] == publication_id(market_warehouse, AFTER)


def test_the_page_gives_leadership_the_bytes_of_the_command_line(
    papers: dict[str, tuple[Path, dict[str, Any]]],
    market_warehouse: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(market_warehouse))
    read_as(monkeypatch, "leadership")
    wanted = publication_id(market_warehouse, AFTER)
    app = open_page("report", publication=wanted)
    (view,) = [view for view in data.store.kept() if view.publication_id == wanted]
    asked = ordering.ReportOrder(view)
    _press(app, "prepare_report")
    while exporting.is_running(asked):
        pass
    assert exporting.failure(asked) is None
    manifest = exporting.finished(asked)
    assert manifest is not None
    assert manifest["sha256"] == papers[AFTER][1]["sha256"]
    app.run()
    assert manifest["sha256"] in text_of(app)


def _press(app: AppTest, key: str) -> None:
    app.button(key=key).click().run()
    assert not app.exception


def test_a_market_without_live_points_gives_no_report(
    fixture_warehouse: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(fixture_warehouse))
    monkeypatch.setattr(data.overview, "headline", lambda view: None)
    with pytest.raises(NothingToReport, match="no live Metering Points"):
        contents(data.store.kept()[0])


def test_an_unknown_publication_is_refused(market_warehouse: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.pdf"
    done = pipeline(
        *("report", "--warehouse", market_warehouse, "--publication", "19990101", "--out", out),
        expect=4,
    )
    assert "19990101" in done.stderr
    assert not out.exists()


def test_markup_becomes_runs_and_strange_characters_a_mark() -> None:
    assert runs("a <strong>b &amp; c</strong> d") == [
        {"text": "a ", "strong": False},
        {"text": "b & c", "strong": True},
        {"text": " d", "strong": False},
    ]
    assert on_paper(["Ørsted", "日", {"x": "\x07"}]) == ["Ørsted", "\ufffd", {"x": "\ufffd"}]
