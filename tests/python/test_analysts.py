"""The questions and ways in of docs/analysts.md, each tried as it stands there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import PipelineError
from pipeline.layout import Warehouse
from pipeline.publication import current, publications
from pipeline.query import BadQuestion, ask, name_of, write_opening
from tests.command import PROJECT, pipeline

PAGE = (PROJECT / "docs" / "analysts.md").read_text("utf-8")
QUESTIONS = re.findall(r"\*\*(\d+)\. .+?\*\*\n\n```sql\n(.+?)```", PAGE, re.S)
DUCKDB = Path(sys.executable).with_name("duckdb")


def test_there_are_twenty() -> None:
    assert [number for number, _ in QUESTIONS] == [str(n) for n in range(1, 21)]


@pytest.mark.parametrize(("number", "sql"), QUESTIONS, ids=[number for number, _ in QUESTIONS])
def test_each_question_is_answered(fixture_warehouse: Path, number: str, sql: str) -> None:
    columns, _, rows = ask(Warehouse(fixture_warehouse), sql)
    assert columns
    if number in {"1", "2", "4", "6", "7", "12", "16", "18"}:
        assert rows


def test_the_lines_of_python(fixture_warehouse: Path) -> None:
    lines = [line[6:] for line in re.findall(r"^      .+$", PAGE, re.M)][:4]
    script = "\n".join(lines).replace(
        '"warehouse/published"', repr(f"{fixture_warehouse}/published")
    )
    assert script.startswith("import duckdb")
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_duckdb_command_line(fixture_warehouse: Path, tmp_path: Path) -> None:
    shutil.copytree(fixture_warehouse, tmp_path / "w")
    warehouse = Warehouse(tmp_path / "w")
    write_opening(warehouse)
    earlier = next(p for p in publications(warehouse) if p != current(warehouse))
    asked = (
        "select as_of from rpt_m14_headline union all "
        f"from (select as_of from {name_of(earlier)}.marts.rpt_m14_headline)"
    )
    done = subprocess.run(
        [DUCKDB, "-init", warehouse.published / "open.sql", "-json", "-c", asked],
        capture_output=True,
        text=True,
        check=True,
    )
    assert {row["as_of"] for row in json.loads(done.stdout)} == {
        each.manifest["as_of"] for each in publications(warehouse)
    }


@pytest.mark.parametrize(
    "sql",
    [
        "delete from dim_rule",
        "create table marts.mine as select 1",
        "copy dim_rule to '/tmp/mine.csv'",
        "select * from read_text('/etc/passwd')",
        "select * from nowhere",
        "set threads = 1",
    ],
)
def test_a_question_changes_nothing_and_reads_nothing_else(
    fixture_warehouse: Path, sql: str
) -> None:
    with pytest.raises(BadQuestion):
        ask(Warehouse(fixture_warehouse), sql)


def test_an_earlier_publication_by_name(fixture_warehouse: Path) -> None:
    warehouse = Warehouse(fixture_warehouse)
    for each in publications(warehouse):
        _, _, rows = ask(
            warehouse, "select as_of::varchar from rpt_m14_headline", each.publication_id
        )
        assert rows == [(each.manifest["as_of"],)]
    with pytest.raises(PipelineError, match="There is no publication"):
        ask(warehouse, "select 1", "2031")


def test_words_for_the_terminal(fixture_warehouse: Path) -> None:
    said = pipeline("sql", "--warehouse", fixture_warehouse, "select '[b]x' as a, 12 as n").stdout
    assert "[b]x" in said
    done = pipeline("sql", "--warehouse", fixture_warehouse, "from nowhere", expect=3)
    assert "nowhere does not exist" in done.stderr
    assert "Traceback" not in done.stderr
