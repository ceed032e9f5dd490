"""Changes: the bare difference at once, its causes from a worker, and what each reader may see."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dashboards import comparing, data
from dashboards.auth import Forbidden
from dashboards.comparing import Pair
from dashboards.components.figures import figure
from dashboards.export_queue import QUEUE
from pipeline.comparison import Comparison
from pipeline.contracts import EXTRACTS
from pipeline.locking import warehouse_lock
from tests.app_pages import ask, links_of, open_page, publications_of, read_as, text_of
from tests.fixture_publication import make_warehouse
from tests.short import short

DAY_AFTER = "2026-11-11"
REGISTRATION = [column.name for column in EXTRACTS["registration"].columns]
SPLIT = "Tell real changes from corrections"
HEADLINE = (
    "live_metering_points",
    "points_not_qualified",
    "migrated_points",
    "open_breaches",
    "suppliers_qualified",
)


@pytest.fixture(scope="module")
def warehouse(market_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The simulated market in a folder of its own, and the day on which a mistake is taken back.

    A registration that made an exception for months is told never to have been.
    """
    folder = tmp_path_factory.mktemp("changes")
    root, landing = folder / "warehouse", folder / "landing"
    shutil.copytree(market_warehouse, root)
    ((mistake,),) = ask(
        publications_of(root)[-1],
        "select min(registration_id) from fct_exception "
        "where rule_id = 'SUP-01' and status = 'OPEN' and occurred_on < '2026-10-01'",
    )
    columns = "change_type,registration_id," + ",".join(REGISTRATION[1:])
    extract = landing / "registration"
    extract.mkdir(parents=True)
    (extract / "registration_delta_20261110.csv").write_text(
        f"{columns}\nD,{mistake}{',' * (len(REGISTRATION) - 1)}\n"
    )
    short("run", "--landing", landing, "--warehouse", root, data_tests=True)
    return root


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, warehouse: Path) -> Iterator[None]:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(warehouse))
    monkeypatch.setenv("MHHS_TODAY", DAY_AFTER)
    yield
    QUEUE.forget_failures()


def pair() -> Pair:
    after, before, *_ = data.store.kept()
    return Pair(before, after)


def wait_for_the_worker(seconds: int = 240) -> None:
    deadline = time.monotonic() + seconds
    while comparing.at_work():
        assert time.monotonic() < deadline
        time.sleep(0.5)


@pytest.fixture(scope="module")
def compared(warehouse: Path) -> Comparison:
    """The causes, worked out as a reader asks for them: by the button of the page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MHHS_WAREHOUSE", str(warehouse))
        patch.setenv("MHHS_TODAY", DAY_AFTER)
        app = open_page("changes")
        app.button(key="split_changes").click().run()
        assert "are being told apart" in text_of(app)
        wait_for_the_worker()
        result = pair().result()
        assert result, comparing.failure(pair())
        return result


def by_hand(warehouse: Path, change: str) -> int:
    """The changes of one kind, counted in another way than the page does."""
    _, before, after = publications_of(warehouse)
    condition = {
        "ADDED": "b.exception_id not in (select exception_id from a.marts.fct_exception)",
        "RESOLVED": "a.status <> 'CLOSED' and a.exception_id not in "
        "(select exception_id from b.marts.fct_exception where status <> 'CLOSED')",
    }[change]
    source = {"ADDED": "b", "RESOLVED": "a"}[change]
    sql = f"select count(*) from {source}.marts.fct_exception as {source} where {condition}"
    with_both = f"attach '{before}' as a (read_only); attach '{after}' as b (read_only); {sql}"
    return int(ask(after, with_both)[0][0])


def test_the_bare_difference_is_there_before_any_cause(warehouse: Path) -> None:
    app = open_page("changes")
    text = text_of(app)
    added, resolved = by_hand(warehouse, "ADDED"), by_hand(warehouse, "RESOLVED")
    assert f"<strong>{added:,} exceptions added, {resolved:,} resolved</strong>" in text
    assert "from 9 Nov 2026 to 10 Nov 2026" in text
    if pair().result() is None:
        assert "is not worked out yet" in text
        assert app.button(key="split_changes").label == SPLIT


def test_every_figure_of_the_headline_stands_in_both(warehouse: Path) -> None:
    text = text_of(open_page("changes"))
    _, before, after = publications_of(warehouse)
    for name in HEADLINE:
        ((a,),) = ask(before, f"select {name} from rpt_m14_headline")
        ((b,),) = ask(after, f"select {name} from rpt_m14_headline")
        each = figure(name)
        row = re.search(rf"<tr><th[^>]*>{re.escape(each.title)}</th>(.*?)</tr>", text)
        assert row, name
        cells = re.sub(r"<[^>]+>", "|", row.group(1))
        for value in (each.written(a), each.written(b), each.difference(b - a)):
            assert value.replace("\u00a0", " ") in cells
    columns = [row[0] for row in ask(after, "describe rpt_m14_headline")]
    for name in columns:
        if name not in ("as_of", "m14_date", "days_to_m14"):
            assert figure(name).title in text


def test_each_figure_and_change_is_split(warehouse: Path, compared: Comparison) -> None:
    text = text_of(open_page("changes"))
    document = compared.document
    everything = sum(row["exceptions"] for row in document["changes"])
    corrected = sum(
        row["exceptions"] for row in document["changes"] if row["cause"] == "CORRECTION"
    )
    assert corrected > 0
    assert f"<strong>{corrected:,} of these {everything:,} changes" in text
    assert "is not worked out yet" not in text
    for row in document["headline"]:
        each = figure(row["figure"])
        found = re.search(rf"<tr><th[^>]*>{re.escape(each.title)}</th>(.*?)</tr>", text)
        assert found or row["figure"].endswith("_share")
        if found and not row["figure"].endswith("_share"):
            cells = re.findall(r"<td[^>]*>(.*?)</td>", found.group(1))
            written = [re.sub(r"<[^>]+>", "", cell) for cell in cells]
            assert written[-2:] == [
                each.difference(row[cause]).replace("\u00a0", " ")
                for cause in ("real", "correction")
            ]
    # The list has a row for each change that the counts count.
    assert data.changes.count(compared.exceptions, {}) == everything
    assert data.changes.count(compared.exceptions, {"cause": ["CORRECTION"]}) == corrected


def test_days_between_which_nothing_changed(
    warehouse: Path, compared: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = shutil.copytree(warehouse, tmp_path / "warehouse")
    (told,) = (root / "history" / "comparisons").glob("*.json")
    told.write_text(json.dumps(compared.document | {"changes": []}))
    monkeypatch.setenv("MHHS_WAREHOUSE", str(root))
    assert "No exception changed" in [each.value for each in open_page("changes").header]


def test_filters_narrow_counts_list_and_links(warehouse: Path, compared: Comparison) -> None:
    row = next(each for each in compared.document["changes"] if each["mpid"] != "-")
    app = open_page("changes", rule_id=row["rule_id"], mpid=row["mpid"], cause=row["cause"])
    expected = sum(
        each["exceptions"]
        for each in compared.document["changes"]
        if all(each[name] == row[name] for name in ("rule_id", "mpid", "cause"))
    )
    assert f"**{expected:,} change" in text_of(app)
    links = [link for words, link in links_of(app).items() if words.startswith("The exceptions")]
    assert len(links) == 2
    for link in links:
        assert f"rule_id={row['rule_id']}" in link
        assert f"mpid={row['mpid']}" in link
    before = publications_of(warehouse)[1].stem
    assert sum(f"asof={before}" in link for link in links) == 1
    nothing = open_page("changes", rule_id="SUP-01", mpid="ZZZZ", change="ADDED", cause="NOPE")
    assert "“ZZZZ” is not a value of the filter" in text_of(nothing)


def test_single_points_need_compliance(
    compared: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Rows 1 to" in text_of(open_page("changes"))
    read_as(monkeypatch, "leadership")
    app = open_page("changes")
    text = text_of(app)
    assert "Single Metering Points need the role compliance" in text
    assert "Rows 1 to" not in text
    with pytest.raises(Forbidden):
        data.changes.rows(compared.exceptions, {}, 1)


def test_a_warehouse_in_use_is_said_and_can_be_tried_again(warehouse: Path) -> None:
    result = pair().result()
    if result:
        result.exceptions.rename(result.exceptions.with_suffix(".away"))
    try:
        with warehouse_lock(warehouse):
            app = open_page("changes")
            app.button(key="split_changes").click().run()
            wait_for_the_worker()
            app.run()
            text = text_of(app)
        assert "The causes could not be worked out: The warehouse" in text
        assert "is in use by" in text
        assert app.button(key="split_changes").label == SPLIT
    finally:
        if result:
            result.exceptions.with_suffix(".away").rename(result.exceptions)


def test_the_earliest_publication_has_nothing_to_be_compared_with(warehouse: Path) -> None:
    app = open_page("changes", asof=publications_of(warehouse)[0].stem)
    assert "No earlier publication is kept" in text_of(app)


def test_an_unknown_publication_in_the_address_is_named(warehouse: Path) -> None:
    app = open_page("changes", before="20200101-gone")
    assert "20200101-gone" in text_of(app)


def test_a_quarter_of_a_million_exceptions_are_compared_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader waits for the causes, never for the difference."""
    root = make_warehouse(tmp_path / "warehouse")
    for number, path in enumerate(publications_of(root)):
        with duckdb.connect(str(path)) as connection:
            connection.execute(
                "insert into marts.fct_exception by name "
                "select e.* replace (md5(exception_id || copies.n) as exception_id) "
                f"from marts.fct_exception as e, range({130 + 10 * number}) as copies(n)"
            )
            ((rows,),) = connection.execute("select count(*) from marts.fct_exception").fetchall()
    assert rows > 200_000
    monkeypatch.setenv("MHHS_WAREHOUSE", str(root))
    after, before = data.store.kept()
    start = time.process_time()
    counts = data.changes.counts(before, after)
    assert counts["exceptions"].sum() > 50_000
    assert time.process_time() - start < 3


def test_documents_of_comparisons_that_are_damaged_do_not_count(
    warehouse: Path, compared: Comparison
) -> None:
    path = compared.exceptions.with_suffix(".json")
    text = path.read_text()
    try:
        path.write_text(text[: len(text) // 2])
        assert pair().result() is None
    finally:
        path.write_text(text)
    result = pair().result()
    assert result
    assert json.loads(text) == result.document
