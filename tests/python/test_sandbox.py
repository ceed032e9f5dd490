"""The sandbox of SQL: what gets in, what comes out, what is left behind."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.sandbox.asking import Answer, ask
from pipeline.sandbox.terms import BadQuestion, Limits, Question, catalog_name
from tests.fixture_publication import AFTER, BEFORE, publication_id
from tests.python.hostile_sql import STATEMENTS, Hostile

KEY = "0123456789abcdef" * 2
HOME, EARLIER = (catalog_name(publication_id(day)) for day in (AFTER, BEFORE))
LIMITS = Limits(seconds=15, memory_mb=256, address_space_mb=1536, rows=1000, size=1_000_000)
Outcome = Answer | BadQuestion


def question(warehouse: Path, sql: str, mask_key: str | None = KEY) -> Question:
    published = (warehouse / "published").resolve()
    files = {
        HOME: published / f"{publication_id(AFTER)}.duckdb",
        EARLIER: published / f"{publication_id(BEFORE)}.duckdb",
    }
    return Question(sql, HOME, files, mask_key)


def outcome_of(warehouse: Path, sql: str, seconds: float = LIMITS.seconds) -> Outcome:
    limits = replace(LIMITS, seconds=seconds)
    try:
        return ask(question(warehouse, sql), limits)
    except BadQuestion as error:
        return error


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def children() -> set[int]:
    """Processes that this one started and that still run or wait to be collected."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == os.getpid():
            found.add(int(status.parent.name))
    return found


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
    }


@pytest.fixture(scope="module")
def answers(fixture_warehouse: Path) -> Iterator[dict[str, Future[Outcome]]]:
    """What became of every hostile statement: two workers at a time, as on the server."""
    with ThreadPoolExecutor(2) as pool:
        yield {
            each.sql: pool.submit(outcome_of, fixture_warehouse, each.sql, each.seconds)
            for each in STATEMENTS
        }


def test_there_are_many_and_none_twice() -> None:
    assert len({each.sql for each in STATEMENTS}) == len(STATEMENTS) >= 80


@pytest.mark.parametrize("hostile", STATEMENTS, ids=lambda each: repr(each.sql[:60]))
def test_a_hostile_statement(
    hostile: Hostile, answers: dict[str, Future[Outcome]], fixture_warehouse: Path
) -> None:
    outcome = answers[hostile.sql].result()
    if isinstance(outcome, BadQuestion):
        assert (outcome.kind, str(outcome)) == (hostile.outcome, str(outcome))
        text = str(outcome)
    else:
        assert hostile.outcome == "answered", outcome.table.slice(0, 5).to_pylist()
        assert outcome.table.num_rows <= 1000
        assert outcome.table.nbytes <= 1_100_000
        text = " ".join(str(value) for row in outcome.table.to_pylist() for value in row.values())
    assert hostile.says in text
    for secret in (str(fixture_warehouse), "/published", KEY, "root:", "Traceback"):
        assert secret not in text
    assert not re.search(r"\.duckdb\b(?!_)|/(tmp|usr|etc|root|home|proc|lib)/", text)


def test_nothing_is_left_behind(
    answers: dict[str, Future[Outcome]], fixture_warehouse: Path
) -> None:
    before, roots = tree(fixture_warehouse), set(Path("/").iterdir())
    for future in answers.values():
        future.result()
    assert tree(fixture_warehouse) == before
    assert set(Path("/").iterdir()) == roots
    assert not children()


def test_the_asking_process_does_not_grow(fixture_warehouse: Path) -> None:
    sql = "select repeat('x', 1000) as x from range(1000000000)"
    outcome_of(fixture_warehouse, sql)  # what is loaded once is loaded now
    before = resident_mb()
    for bomb in [sql, "select repeat('x', 900000000)", "select list(range) from range(300000000)"]:
        outcome_of(fixture_warehouse, bomb)
    assert resident_mb() - before < 20


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from range(10000000) a, range(10000000) b",
        "with recursive r as (select 1 as a union all select a + 1 from r) select max(a) from r",
        "select length(repeat('x', 4000000000))",
    ],
)
def test_the_clock_stops_it_and_the_next_question_is_answered(
    fixture_warehouse: Path, sql: str
) -> None:
    started = time.monotonic()
    outcome = outcome_of(fixture_warehouse, sql, seconds=2)
    assert isinstance(outcome, BadQuestion)
    assert outcome.kind == "limit"
    assert time.monotonic() - started < 3
    following = outcome_of(fixture_warehouse, "select count(*) as n from dim_rule")
    assert isinstance(following, Answer)
    assert following.table.to_pylist()[0]["n"] > 0


def test_the_asker_can_stop_it(fixture_warehouse: Path) -> None:
    waited = []

    class Stopped(Exception):
        pass

    def on_wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            raise Stopped

    sql = "select count(*) from range(10000000) a, range(10000000) b"
    with pytest.raises(Stopped):
        ask(question(fixture_warehouse, sql), LIMITS, on_wait)
    assert waited == sorted(waited)
    assert not children()


@pytest.mark.parametrize(
    ("sql", "cut", "rows"),
    [
        ("from range(999)", "", 999),
        ("from range(1000)", "", 1000),
        ("from range(1001)", "rows", 1000),
        ("from range(100000000)", "rows", 1000),
        ("select repeat('x', 10000) from range(500)", "size", 99),
        ("select repeat('x', 2000000)", "size", 0),
        ("from range(0)", "", 0),
    ],
)
def test_an_answer_is_cut_where_the_limits_say_and_says_so(
    fixture_warehouse: Path, sql: str, cut: str, rows: int
) -> None:
    outcome = outcome_of(fixture_warehouse, sql)
    assert isinstance(outcome, Answer)
    assert outcome.cut == cut
    assert abs(outcome.table.num_rows - rows) <= (1 if cut == "size" else 0)


ANALYSTS_SQL = [
    "with a as (select 1 as x), b as (from a) select * from b",
    "select * exclude (wording) replace (upper(title) as title) from dim_rule order by all limit 3",
    "select rule_id, row_number() over (partition by family order by rule_id) as n from dim_rule"
    " qualify n = 1",
    "select family, count(*) filter (where milestone = 'M14') from dim_rule group by all"
    " having count(*) > 1",
    "select grouping(family), family, count(*) from dim_rule group by grouping sets ((), (family))",
    "pivot dim_rule on family in ('Suppliers', 'Agents') using count(*)",
    "unpivot (select 1 as a, 2 as b) on a, b",
    "summarize dim_rule",
    "describe select 1 as x",
    "values (1, 'a'), (2, 'b')",
    "table dim_rule",
    "select [x + 1 for x in [1, 2] if x > 1], list_transform([1], lambda y: y + 1)",
    "select {'a': 1}, map {1: 2}",
    "select date_trunc('week', current_date), date '2026-10-28' + interval 1 day",
    "select extract(year from now()), now() at time zone 'Europe/London'",
    "select regexp_extract('SUP-01', '[0-9]+')::int, strftime(date '2026-10-28', '%d %b')",
    "select case when true then 1 else 2 end, coalesce(null, 1), nullif(1, 2), 1 in (1, 2)",
    "select percentile_cont(0.5) within group (order by range), median(range) from range(10)",
    "select arg_max(title, rule_id), string_agg(distinct family, ', ' order by family)"
    " from dim_rule",
    "select columns('^rule') from dim_rule limit 1",
    "from dim_rule r semi join fct_exception e using (rule_id) select r.rule_id",
    "select * from range(3) t(i), lateral (select i * 2 as j)",
    "select * from generate_series(date '2026-10-01', date '2026-10-03', interval 1 day)",
    "select unnest([1, 2]) as x, unnest({'a': 1})",
    "from dim_rule using sample 50%",
    "with recursive t as (select 1 as n union all select n + 1 from t where n < 5)"
    " select sum(n) from t",
    "select json_extract('{\"a\": 1}', '$.a'), '{\"a\": 1}'::json ->> 'a'",
    "select uuid() is not null, interval 2 days, time '10:00', 'x'::blob, now()",
    "(select 1 as a) union all by name (select 2 as a) order by a limit 1",
    "select distinct on (family) family, rule_id from dim_rule order by family, rule_id",
    "from marts.dim_rule limit 1",
    f"from {HOME}.marts.dim_rule limit 1",
    f"select count(*) from {EARLIER}.marts.fct_exception anti join fct_exception"
    " using (exception_id)",
]


@pytest.mark.parametrize("sql", ANALYSTS_SQL)
def test_what_analysts_write_is_answered(fixture_warehouse: Path, sql: str) -> None:
    outcome = outcome_of(fixture_warehouse, sql)
    assert isinstance(outcome, Answer), outcome
    assert outcome.table.num_columns == len(outcome.types) == len(set(outcome.columns))


def test_names_that_come_twice_are_told_apart(fixture_warehouse: Path) -> None:
    outcome = outcome_of(fixture_warehouse, "select 1 as a, 2 as a, 3 as a_2, interval 1 day as a")
    assert isinstance(outcome, Answer)
    assert outcome.table.to_pylist() == [{"a": 1, "a_2": 2, "a_2_2": 3, "a_3": "1 day"}]
