"""Data health: the figures of the marts, what failed, and what each reader may see of it."""

from __future__ import annotations

import base64
import json
import re
import struct
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import yaml

from dashboards import data
from dashboards.auth import Forbidden
from dashboards.components import words
from pipeline import publication_log
from pipeline.layout import Warehouse
from tests.app_pages import ask, links_of, open_page, publications_of, read_as, text_of
from tests.command import PROJECT
from tests.fixture_publication import AFTER, BEFORE, make_publication, make_warehouse
from tests.fixture_publication import publication_id as id_of

DAY_AFTER = "2026-11-11"
MPAN = "1234567890126"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, market_warehouse: Path) -> None:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(market_warehouse))
    monkeypatch.setenv("MHHS_TODAY", DAY_AFTER)


def test_the_figures_are_the_marts(market_warehouse: Path) -> None:
    publication = publications_of(market_warehouse)[-1]
    text = text_of(open_page("health"))
    ((files, lines, accepted, quarantined, repeated),) = ask(
        publication,
        "select count(*), sum(lines), sum(accepted), sum(quarantined), sum(repeated) from rpt_load",
    )
    assert (
        f"Lines read {lines:,} = accepted {accepted:,} + quarantined {quarantined:,} + "
        f"repeated {repeated:,}" in text
    )
    assert f"None of {files:,} files was refused" in text
    manifest = json.loads(publication.with_suffix("").with_suffix(".manifest.json").read_text())
    passed = manifest["tests"]["passed"]
    assert f"<strong>These figures can be trusted</strong>: {passed:,} tests passed" in text
    identities = ask(publication, "select wording, left_value, difference from rpt_reconciliation")
    assert f"All {len(identities)} reconciliations agree" in text
    for wording, left, difference in identities:
        assert wording in text
        assert f"{left:,}" in text
        assert difference == 0
    reasons = ask(
        publication,
        "select reason, count(*) from fct_quarantined_row group by all",
    )
    assert reasons
    for reason, count in reasons:
        assert words.QUARANTINE[reason] in text
        assert f"{count:,}" in text
    fresh = ask(
        publication,
        "select extract, max(business_date) from rpt_load where outcome = 'accepted' group by all",
    )
    for extract, newest in fresh:
        assert extract.capitalize() in text
        assert f"{newest.day} {newest:%b %Y}" in text
    assert "Every daily extract is fresh" in text
    assert "The newest build took" in text
    assert "No earlier build failed its gate" in text


def test_builds_are_those_on_record(market_warehouse: Path) -> None:
    publication = publications_of(market_warehouse)[-1]
    app = open_page("health")
    (chart,) = app.get("plotly_chart")
    spec = json.loads(chart.proto.spec)
    shown = [value for trace in spec["data"] if "y" in trace for value in _numbers(trace["y"])]
    on_record = ask(
        publication,
        "select duration_seconds from rpt_publication group by publication_id, built_at, "
        "duration_seconds order by built_at",
    )
    assert shown == pytest.approx([seconds for (seconds,) in on_record])


def _numbers(values: object) -> list[float]:
    """Plotly packs long lists as base64."""
    if isinstance(values, dict):
        raw = base64.b64decode(values["bdata"])
        return list(struct.unpack(f"<{len(raw) // 8}d", raw))
    assert isinstance(values, list)
    return [float(each) for each in values]


def test_old_files_are_called_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MHHS_TODAY", "2026-11-20")
    text = text_of(open_page("health"))
    assert "3 of 3 daily extracts are older than expected" in text
    assert "expected within 3 days" in text


def test_an_earlier_publication_is_as_old_as_it_is_meant_to_be(market_warehouse: Path) -> None:
    text = text_of(open_page("health", asof=publications_of(market_warehouse)[0].stem))
    assert "Every daily extract is fresh" in text
    assert "Age on 20 October 2026" in text


def test_quarantined_lines_need_compliance(
    market_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publication = publications_of(market_warehouse)[-1]
    ((reason, count),) = ask(
        publication,
        "select reason, count(*) as n from fct_quarantined_row group by all "
        "order by n desc, reason limit 1",
    )
    app = open_page("health", reason=reason)
    assert f"Lines 1 to {count} of {count}" in text_of(app)
    frames = [element for element in app.dataframe if "Word for word" in element.value.columns]
    assert len(frames[0].value) == count
    read_as(monkeypatch, "leadership", "analyst")
    app = open_page("health")
    assert "The lines themselves hold MPANs" in text_of(app)
    assert not [each for each in app.dataframe if "Word for word" in each.value.columns]
    (view, *_) = data.store.kept()
    with pytest.raises(Forbidden):
        data.health.quarantine_rows(view, {}, 1)


def test_filters_narrow_the_files(market_warehouse: Path) -> None:
    publication = publications_of(market_warehouse)[-1]
    ((count,),) = ask(publication, "select count(*) from rpt_load where extract = 'stage'")
    assert f"{count} of " in text_of(open_page("health", extract="stage"))
    unknown = text_of(open_page("health", extract=["stage", "nope"]))
    assert "“nope” is not a value of the filter Extract" in unknown
    none = open_page("health", outcome="refused")
    assert "No files match these filters." in text_of(none)
    none.button(key="clear_loads").click().run()
    assert "No files match these filters." not in text_of(none)


FAILURE = {
    "as_of": "2026-11-11",
    "failed_at": "2026-11-23T15:00:00+00:00",
    "failures": [
        {
            "test": "unique_key_fct_holding",
            "message": "Got 1 result, configured to fail if != 0",
            "rows": [{"mpan": MPAN, "mpid": "ALDR"}],
        }
    ],
}


@pytest.fixture
def failed_warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One gate failed before the current publication was made, another one after it."""
    root = tmp_path / "warehouse"
    (root / "published").mkdir(parents=True)
    publication_log.append(
        Warehouse(root),
        {
            "publication_id": "failed-2026-11-22T10:00:00+00:00",
            "as_of": BEFORE.isoformat(),
            "built_at": datetime(2026, 11, 22, 10, tzinfo=UTC).isoformat(),
            "gate": "failed",
            "duration_seconds": 61.0,
            "tests": {"passed": 200, "failed": 1},
            "failures": FAILURE["failures"],
        },
    )
    make_publication(root / "published", AFTER)
    (root / "published" / "CURRENT").write_text(id_of(AFTER))
    (root / "published" / "LAST_FAILURE.json").write_text(json.dumps(FAILURE))
    monkeypatch.setenv("MHHS_WAREHOUSE", str(root))
    return root


def test_failed_gates_are_shown_with_what_made_them_fail(failed_warehouse: Path) -> None:
    app = open_page("health")
    text = text_of(app)
    assert "a newer build failed its gate" in text
    assert "The newest build failed its gate" in text
    assert "1 earlier build failed the gate" in text
    assert text.count(f"mpan={MPAN}, mpid=ALDR") == 2
    assert any("As of 20 Oct 2026, failed 22 Nov 2026 10:00 GMT" in e.label for e in app.expander)
    (chart,) = app.get("plotly_chart")
    assert "1 of which failed" in chart.proto.alt


def test_rows_of_failed_tests_need_compliance(
    failed_warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever looked at them before.
    assert MPAN in text_of(open_page("health"))
    read_as(monkeypatch, "leadership", "analyst")
    text = text_of(open_page("health"))
    assert "unique\\_key\\_fct\\_holding" in text
    assert "Got 1 result" in text
    assert MPAN not in text


def test_a_refused_file_counts_and_an_identity_that_differs_is_called_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_warehouse(tmp_path / "warehouse")
    with duckdb.connect(str(publications_of(root)[-1])) as connection:
        connection.execute(
            "insert into marts.rpt_load by name select 9 as load_id, 'x/what.csv' as file, "
            "'refused' as outcome, 'BAD_NAME' as error, 0 as lines, 0 as accepted, "
            "0 as quarantined, 0 as repeated, 0 as ignored"
        )
        connection.execute(
            "insert into marts.rpt_reconciliation values ('X', 'These <b>two</b>', 5, 4, 1)"
        )
        connection.execute(
            "insert into marts.rpt_ignored_message values (1, 'dip/x.jsonl', 'IF-021', '', 12)"
        )
    monkeypatch.setenv("MHHS_WAREHOUSE", str(root))
    app = open_page("health")
    text = text_of(app)
    assert "1 file of 2 was refused" in text
    assert "These figures cannot all be trusted" in text
    assert "1 of 1 reconciliations differ" in text
    assert "These &lt;b&gt;two&lt;/b&gt;" in text
    assert "12 messages of 1 kinds are not used" in text
    assert "Name not understood" in text
    table = app.dataframe[0].value
    assert "The name is not understood" in table["Why refused"].to_list()


def test_a_publication_without_files_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = tmp_path / "published"
    published.mkdir()
    make_publication(published, AFTER, empty=True)
    (published / "CURRENT").write_text(id_of(AFTER))
    monkeypatch.setenv("MHHS_WAREHOUSE", str(tmp_path))
    text = text_of(open_page("health"))
    assert "No file is on record" in text
    assert "No line is in quarantine" in text
    assert "No reconciliation is on record" in text
    assert "names no steps" in text


def test_every_page_leads_here() -> None:
    for page in ("overview", "exceptions", "point", "changes"):
        assert "Data\u00a0health" in links_of(open_page(page))


def test_every_code_that_intake_gives_has_its_words() -> None:
    marts = yaml.safe_load(
        (PROJECT / "models/marts/operations/_operations__models.yml").read_text()
    )
    columns = {
        (model["name"], column["name"]): column
        for model in marts["models"]
        for column in model["columns"]
    }
    (allowed,) = columns["fct_quarantined_row", "reason"]["data_tests"]
    assert set(words.QUARANTINE) == set(allowed["accepted_values"]["arguments"]["values"])
    (allowed,) = columns["rpt_load", "outcome"]["data_tests"]
    assert set(words.OUTCOME) == set(allowed["accepted_values"]["arguments"]["values"])
    source = "".join(path.read_text() for path in (PROJECT / "pipeline/intake").rglob("*.py"))
    refused = set(re.findall(r'Refused\(\s*"([A-Z_]+)"', source))
    assert refused <= set(words.REFUSAL)
    assert len(refused) > 3
