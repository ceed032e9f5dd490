"""M14 moves twice, there and back: severities, ages and the history follow what was known."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.command import PROJECT

LANDING = PROJECT / "tests" / "golden" / "cases" / "switch_at_m14" / "landing"
# Known from the second day M14 is in December, known from the third it is 5 November.
BASELINES = """\
LATER,M14,2026-12-01,2026-11-11,A later date,Made for this test
BACK,M14,2026-11-05,2026-11-12,An earlier date,Made for this test
"""
DAYS = [date(2026, 11, 10), date(2026, 11, 11), date(2026, 11, 12)]
RUN = """
import sys
import pipeline.increment
from tests.short import short
pipeline.increment._LARGEST_PART = 100.0  # a market this small is touched whole in a day
landing, warehouse, *days = sys.argv[1:]
for day in days:
    short(
        "run", "--landing", landing, "--warehouse", warehouse, "--as-of", day, data_tests=True
    )
"""
# (rule, key): severity, counted_from, days_open and change on each day; None where it is not found.
EXPECTED: dict[tuple[str, str], list[tuple[Any, ...] | None]] = {
    ("SUP-01", "R-27"): [
        ("BREACH", date(2026, 10, 28), 14, "NEW"),
        ("EXPOSURE", None, None, "EASED"),
        ("BREACH", date(2026, 11, 5), 8, "ESCALATED"),
    ],
    # Held since 1 November: counted from the later M14.
    ("SUP-01", "R-F1"): [
        ("BREACH", date(2026, 11, 1), 10, "NEW"),
        ("EXPOSURE", None, None, "EASED"),
        ("BREACH", date(2026, 11, 5), 8, "ESCALATED"),
    ],
    # Held since the second day.
    ("SUP-01", "R-NEXT"): [
        None,
        ("EXPOSURE", None, None, "NEW"),
        ("BREACH", date(2026, 11, 11), 2, "ESCALATED"),
    ],
    # A gain before M14 is no finding.
    ("SUP-03", "R-28"): [("BREACH", date(2026, 10, 28), 14, "NEW"), None, None],
    ("SUP-03", "R-NEXT"): [
        ("WARNING", date(2026, 11, 11), None, "NEW"),
        None,
        ("BREACH", date(2026, 11, 11), 2, "NEW"),
    ],
    ("QAL-01", "ZNON|SUP"): [
        ("BREACH", date(2026, 10, 28), 14, "NEW"),
        ("EXPOSURE", None, None, "EASED"),
        ("BREACH", date(2026, 11, 5), 8, "ESCALATED"),
    ],
}


@pytest.fixture(scope="module")
def publications(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One publication a day, of a copy of the project with two more baselines."""
    project = tmp_path_factory.mktemp("moved") / "project"
    for name in ("models", "macros", "seeds", "tests/dbt", "pipeline"):
        shutil.copytree(PROJECT / name, project / name)
    for name in ("dbt_project.yml", "profiles.yml", "tests/__init__.py", "tests/short.py"):
        shutil.copy(PROJECT / name, project / name)
    with (project / "seeds" / "rulebook" / "milestone.csv").open("a") as seed:
        seed.write(BASELINES)
    warehouse = project.parent / "warehouse"
    words = [str(each) for each in (LANDING, warehouse, *DAYS)]
    subprocess.run([sys.executable, "-c", RUN, *words], cwd=project, check=True)
    return sorted((warehouse / "published").glob("*.duckdb"))


def ask(path: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(duckdb.connect(str(path), read_only=True)) as connection:
        return connection.execute(sql, list(values)).fetchall()


@pytest.mark.parametrize(("rule", "key"), EXPECTED)
def test_each_day_follows_the_date_known_on_it(
    publications: list[Path], rule: str, key: str
) -> None:
    found = [
        ask(
            path,
            "select severity, counted_from, days_open, change_since_previous "
            "from marts.fct_exception where rule_id = ? and subject_key = ?",
            rule,
            key,
        )
        for path in publications
    ]
    assert found == [[row] if row else [] for row in EXPECTED[rule, key]]


def test_the_history_says_when_it_eased_and_when_it_escalated(publications: list[Path]) -> None:
    rows = ask(
        publications[-1],
        "select subject_key, detected_from, detected_to, severity_at_first, severity, eased_on, "
        "escalated_on, end_cause from marts.fct_exception_history "
        "join marts.fct_exception using (exception_id, severity) "
        "where fct_exception.rule_id = 'SUP-01' and subject_key in ('R-27', 'R-NEXT') order by all",
    )
    first, second, third = DAYS
    until = date(9999, 12, 31)
    assert rows == [
        ("R-27", first, until, "BREACH", "BREACH", second, third, None),
        ("R-NEXT", second, until, "EXPOSURE", "BREACH", None, third, None),
    ]
    ended = ask(
        publications[-1],
        "select distinct detected_from, detected_to, end_cause "
        "from marts.fct_exception_history where rule_id = 'SUP-03' and detected_to < '9999-12-31'",
    )
    assert ended == [(first, second, "REAL")]


def test_a_day_with_another_date_is_built_from_everything(publications: list[Path]) -> None:
    """Points that nothing touches are judged by the new date all the same."""
    manifests = [
        json.loads(path.with_name(f"{path.stem}.manifest.json").read_text("utf-8"))
        for path in publications
    ]
    assert [each["scope"]["because"] for each in manifests] == [
        "the build database holds no publication",
        "a milestone has another date",
        "a milestone has another date",
    ]


def test_the_milestone_names_its_earlier_baselines(publications: list[Path]) -> None:
    ((on, baselines),) = ask(
        publications[-1],
        "select milestone_date, baselines from marts.dim_milestone where milestone = 'M14'",
    )
    assert on == date(2026, 11, 5)
    assert all(f"{day}" in baselines for day in ("2026-10-28", "2026-12-01", "2026-11-05"))
