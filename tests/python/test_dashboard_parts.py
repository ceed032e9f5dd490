"""What the pages are made of: numbers, words, colours, links, and who may write SQL."""

from __future__ import annotations

import csv
import re
import sys
import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from dashboards import data, links
from dashboards.components import numbers, words
from dashboards.components.headline import headline_sentence
from dashboards.components.look import DARK, LIGHT, Palette
from dashboards.components.markup import badge, cell_table, frame_table, plain
from dashboards.components.sentences import suppliers_sentence
from dashboards.serve import command
from tests.fixture_publication import AFTER, PROJECT, publication_id

DASHBOARDS = PROJECT / "dashboards"


def spaced(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (98_121, "98,121"),
        (999_999, "999,999"),
        (1_000_000, "1 million"),
        (1_240_000, "1.24 million"),
        (12_345_678, "12.3 million"),
        (123_456_789, "123 million"),
        (999_600_000, "1 billion"),
        (Decimal("23200000.000"), "23.2 million"),
        (None, "[x]"),
    ],
)
def test_short_numbers(value: int | Decimal | None, text: str) -> None:
    assert spaced(numbers.short(value)) == text


@pytest.mark.parametrize(
    ("kwh", "text"),
    [(0, "0 kWh"), (950, "950 kWh"), (4_340_000, "4.34 GWh"), (999_900, "1 GWh"), (5e10, "50 TWh")],
)
def test_energy(kwh: float, text: str) -> None:
    assert spaced(numbers.energy(kwh)) == text


def test_energy_beside_another_takes_its_unit() -> None:
    assert spaced(numbers.energy(436e6, 1.01e9)) == "0.436 TWh"
    assert numbers.energy_unit(4_710_000) == (1e6, "GWh")


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0.0 %"),
        (0.0001, "under 0.1 %"),
        (0.037, "3.7 %"),
        (0.9999, "over 99.9 %"),
        (1, "100.0 %"),
    ],
)
def test_shares_that_are_something_never_read_as_nothing(share: float, text: str) -> None:
    assert spaced(numbers.percent(share)) == text


def test_instants_are_on_british_clocks() -> None:
    assert numbers.instant(datetime(2026, 7, 1, 13, 5, tzinfo=UTC)) == "1 Jul 2026 14:05 BST"
    assert numbers.instant(datetime(2026, 11, 23, 14, 15, tzinfo=UTC)) == "23 Nov 2026 14:15 GMT"


def headline(days: int, points: int) -> dict[str, object]:
    return {
        "m14_date": date(2026, 10, 28),
        "days_to_m14": days,
        "points_not_qualified": points,
        "points_not_qualified_share": 0.037,
    }


@pytest.mark.parametrize(
    ("days", "points", "holders", "words_in_it"),
    [
        (
            8,
            1_240_000,
            6,
            ["1.24 million Metering Points (3.7 %) are at risk", "6 Suppliers that are"],
        ),
        (
            1,
            1,
            1,
            ["1 Metering Point (3.7 %) is at risk", "a Supplier that is", "1 day before M14"],
        ),
        (0, 5, 2, ["are in breach", "on M14"]),
        (-13, 5, 2, ["are in breach", "13 days after M14"]),
        (-13, 0, 0, ["Every live Metering Point is with a Qualified Supplier"]),
    ],
)
def test_headline_on_both_sides_of_m14(
    days: int, points: int, holders: int, words_in_it: list[str]
) -> None:
    sentence = spaced(headline_sentence(headline(days, points), holders))
    for each in words_in_it:
        assert each in sentence


def seed(path: str, key: str) -> dict[str, str]:
    with (PROJECT / "seeds" / path).open(encoding="utf-8") as file:
        return {row[key]: row.get("title") or row["gsp_group_name"] for row in csv.DictReader(file)}


def test_words_are_those_of_the_seeds() -> None:
    readiness = {code: label.title for code, label in words.READINESS.items()}
    assert readiness == seed("rulebook/readiness_status.csv", "readiness_status")
    assert seed("rulebook/qualification_stage.csv", "stage") == words.STAGE
    assert seed("reference/approval_body.csv", "approval_body") == words.BODY
    assert seed("reference/market_segment.csv", "market_segment") == words.SEGMENT
    assert seed("reference/gsp_group.csv", "gsp_group_id") == words.GSP_GROUP
    assert list(words.STAGE_SHORT) == list(words.STAGE)


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast_of_the_palette(colours: Palette) -> None:
    for text in (colours.text, colours.muted, colours.good, colours.bad, colours.focus):
        assert contrast(text, colours.background) >= 4.5
        assert contrast(text, colours.surface) >= 4.5
    assert contrast(colours.warn_text, colours.warn_fill) >= 4.5
    for fill in (colours.good_fill, colours.warn_fill, colours.bad_fill, colours.plain_fill):
        assert contrast(colours.text, fill) >= 4.5
    for fill, text in colours.steps:
        assert contrast(text, fill) >= 4.5
    for line in (*colours.series, colours.quiet, colours.warn_line):
        assert contrast(line, colours.background) >= 3


def test_status_is_word_shape_and_colour() -> None:
    for label in (*words.READINESS.values(), *words.SEVERITY.values()):
        markup = badge(label)
        assert label.title in markup
        assert label.shape in markup
        assert f"mhhs-badge {label.tone}" in markup


def test_markup_of_strange_text() -> None:
    assert plain("[x](http://e) *b*") == r"\[x\]\(http\:\/\/e\) \*b\*".replace(r"\/", "/")


def test_sql_is_in_the_data_module_alone() -> None:
    sql = re.compile(r"\bmarts\.|\bselect\b.+\bfrom\b|\bgroup by\b|duckdb\.connect", re.I | re.S)
    strings = re.compile(r'"""(?:.|\n)*?"""|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'')
    for path in DASHBOARDS.rglob("*.py"):
        if path.parent.name == "data":
            continue
        source = path.read_text("utf-8")
        assert "duckdb" not in source, path
        for text in strings.findall(source):
            if not text.startswith('"""'):
                assert not sql.search(text), (path, text)


def test_data_never_leaves_through_download_button_or_static_files() -> None:
    for path in DASHBOARDS.rglob("*.py"):
        source = path.read_text("utf-8").replace("`st.download_button` is not used", "")
        assert "download_button(" not in source
        assert "download_button" not in source, path
    settings = (DASHBOARDS / ".streamlit/config.toml").read_text("utf-8")
    assert "enableStaticServing" not in settings
    assert "disableDataExport = true" in settings


def test_threads_get_their_own_answers(fixture_warehouse: Path) -> None:
    path = str(fixture_warehouse / "published" / f"{publication_id(AFTER)}.duckdb")
    wrong: list[int] = []

    def ask(thread: int) -> None:
        for number in range(25):
            wanted = thread * 1000 + number
            found = data.store.query(path, "select ? as wanted from range(200)", (wanted,))
            if found["wanted"].unique().to_list() != [wanted]:
                wrong.append(wanted)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_links_expire_and_cannot_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000
    monkeypatch.setattr(links.time, "time", lambda: now)
    token = links.link("p/h/file.csv", "key").rpartition("/")[2]
    assert links.verify(token) == links.Claim("p/h/file.csv", "key", now + 300)
    body, _, signature = token.partition(".")
    for changed in (f"{body}x.{signature}", f"{body}.{signature[:-1]}", body, "", "a.b", "é.ü"):
        assert links.verify(changed) is None
    monkeypatch.setattr(links.time, "time", lambda: now + 301)
    assert links.verify(token) is None


def test_the_server_listens_on_this_machine_alone(tmp_path: Path) -> None:
    arguments, environment = command(tmp_path, 8611, headless=True)
    assert arguments[:3] == [sys.executable, "-m", "dashboards.server"]
    assert "--server.address=127.0.0.1" in arguments
    assert "--server.port=8611" in arguments
    assert environment["MHHS_WAREHOUSE"] == str(tmp_path)
    assert str(PROJECT) in environment["PYTHONPATH"]


def test_small_tables_are_real_tables() -> None:
    markup = frame_table("Points", pl.DataFrame({"Day": ["1 <b>"], "Points": [12_345]}))
    assert '<th scope="row">1 &lt;b&gt;</th>' in markup
    assert '<td class="number">12,345</td>' in markup


def test_only_long_cells_of_a_small_table_wrap_on_a_phone() -> None:
    cells = ["BSC Performance Assurance Board", "● Approved<br>26 Feb 2026", "<b>30 Oct 2026</b>"]
    markup = cell_table("Approvals", ["Body", "Smart", "Day"], [cells])
    assert '<th class="long" scope="row">BSC Performance' in markup
    assert "<td>● Approved<br>26 Feb 2026</td><td><b>30 Oct 2026</b></td>" in markup


@pytest.mark.parametrize(
    ("statuses", "says"),
    [
        (["LATE", "AT_RISK"], "2 of 2 Suppliers are not Qualified and at risk of missing M14<"),
        (["LATE", "ON_TRACK"], "are not Qualified, 1 of them at risk of missing M14<"),
    ],
)
def test_suppliers_at_risk_are_counted_where_not_all_are(statuses: list[str], says: str) -> None:
    m14 = date(2026, 10, 28)
    suppliers = pl.DataFrame({"readiness_status": statuses}).with_columns(
        is_qualified=pl.lit(False), forecast_qualification_on=pl.lit(m14)
    )
    assert says in suppliers_sentence(suppliers, date(2026, 9, 1), m14)
