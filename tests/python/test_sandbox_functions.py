"""No function that a statement may call reveals the key, an MPAN or a name of ours."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.pseudonym import Pseudonyms
from pipeline.sandbox import functions, gate
from pipeline.sandbox.asking import ask
from pipeline.sandbox.terms import BadQuestion, Limits, Question
from pipeline.sandbox.worker import Worker
from tests import app_pages
from tests.python.test_sandbox import HOME, KEY, LIMITS, outcome_of, question

NAMED_IN_THE_ISSUE = (
    "select regexp_extract(json_serialize_plan('select mpan from fct_exception'), "
    """'"value":"([0-9a-f]{32})"', 1)"""
)
A_GUESS = "1234567890128"


@dataclass
class Opened:
    """The connection of a masked question, as a statement finds it, without its process."""

    worker: Worker
    connection: duckdb.DuckDBPyConnection
    parser: duckdb.DuckDBPyConnection
    around: gate.Surroundings
    secrets: re.Pattern[str]
    calls: list[int]

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        gate.admit(gate.parse(self.parser, sql), self.around)
        return self.connection.execute(sql).fetchmany(20)


def request(warehouse: Path, sql: str) -> dict[str, Any]:
    asked: Question = question(warehouse, sql)
    return asked.request(Limits(threads=2, memory_mb=256))


@pytest.fixture(scope="module")
def opened(fixture_warehouse: Path) -> Iterator[Opened]:
    calls: list[int] = []

    def counted(self: Pseudonyms, digests: Any) -> Any:
        calls.append(len(digests))
        return of_digests(self, digests)

    of_digests = Pseudonyms.of_digests
    worker = Worker(request(fixture_warehouse, "from fct_exception"), io.BytesIO())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pseudonyms, "of_digests", counted)
        connection = worker.open()
    parser = duckdb.connect()
    tables = frozenset(worker._tables(connection, HOME))
    around = gate.Surroundings(HOME, {HOME: tables}, gate.system_views_of(parser))
    path = request(fixture_warehouse, "")["publications"][HOME]
    found = app_pages.ask(Path(path), "select distinct mpan from fct_exception where mpan > 0")
    mpans = {f"{mpan:013d}" for (mpan,) in found}
    assert len(mpans) > 3
    hidden = [*worker._hidden.values(), worker._function, str(fixture_warehouse), KEY, KEY[:16]]
    secrets = re.compile("|".join(map(re.escape, [*hidden, *sorted(mpans)])))
    yield Opened(worker, connection, parser, around, secrets, calls)
    connection.close()


def catalogue(kind: str) -> set[str]:
    with duckdb.connect() as connection:
        found = connection.execute(
            "select distinct lower(function_name) from duckdb_functions() "
            f"where function_type in ({kind})"
        ).fetchall()
    return {name for (name,) in found}


SCALAR = catalogue("'scalar', 'aggregate', 'macro'")
TABLE = catalogue("'table', 'table_macro'")


def test_the_key_cannot_be_read_off_a_plan(fixture_warehouse: Path) -> None:
    outcome = outcome_of(fixture_warehouse, NAMED_IN_THE_ISSUE)
    assert isinstance(outcome, BadQuestion), outcome.table.to_pylist()
    assert outcome.kind == "refused"
    assert "json_serialize_plan is not open" in str(outcome)


def test_every_function_of_the_engine_is_on_one_list() -> None:
    """A new DuckDB: review each function named here, and add it to `functions.py`."""
    for known, allowed, refused in (
        (SCALAR, functions.IN_SELECT, functions.REFUSED),
        (TABLE, functions.IN_FROM, functions.REFUSED_IN_FROM),
    ):
        assert {each for each in known - allowed if not functions.refusals(each, refused)} == set()
    kinds = {"scalar", "aggregate", "macro", "table", "table_macro"} | functions.REFUSED_KINDS
    with duckdb.connect() as connection:
        types = connection.execute(
            "select distinct function_type from duckdb_functions()"
        ).fetchall()
    assert {kind for (kind,) in types} == kinds


def test_the_lists_name_nothing_twice_and_nothing_unknown() -> None:
    assert {"unnest"} == functions.IN_SELECT - SCALAR  # listed by DuckDB under table functions
    assert functions.IN_FROM <= TABLE
    for name in functions.IN_SELECT:
        assert not functions.refusals(name, functions.REFUSED), name
    for name in functions.IN_FROM:
        assert not functions.refusals(name, functions.REFUSED_IN_FROM), name
    for groups in (functions.ALLOWED, functions.ALLOWED_IN_FROM):
        assert sum(len(each.names) for each in groups) == len(functions._names(groups))
    for group in (*functions.REFUSED, *functions.REFUSED_IN_FROM):
        unknown = {name for name in group.names if "*" not in name} - SCALAR - TABLE
        assert not unknown, group.kind


def test_every_type_of_the_engine_is_on_one_list() -> None:
    with duckdb.connect() as connection:
        found = connection.execute("select distinct lower(type_name) from duckdb_types()")
        types = {name for (name,) in found.fetchall()}
    assert not types - functions.ALLOWED_TYPES - functions.REFUSED_TYPES
    assert not functions.ALLOWED_TYPES & functions.REFUSED_TYPES


def test_no_refused_function_is_reached_by_any_form_of_a_call(opened: Opened) -> None:
    forms = (
        'select "{}"(mpan) from fct_exception',
        "select (mpan).\"{}\"('x') from fct_exception",
        'select main."{}"(1)',
        'select "{}"(1) over () from fct_exception',
        'select list_transform([1], lambda x: "{}"(x))',
        'select [ "{}"(x) for x in [1] ]',
        'select columns(lambda c: "{}"(c)) from fct_exception',
        'pivot fct_exception on rule_id in (1) using "{}"(mpan)',
        'select 1 order by "{}"(1)',
        'select 1 limit "{}"(1)',
        'from fct_exception, lateral (select "{}"(mpan))',
        'select case when true then (select "{}"(1)) end',
    )
    for name in SCALAR - functions.IN_SELECT:
        for form in forms:
            with pytest.raises(BadQuestion) as caught:
                opened.ask(form.format(name))
            assert caught.value.kind in ("refused", "unreadable"), (form, name)
    for name in TABLE - functions.IN_FROM:
        with pytest.raises(BadQuestion, match="not open"):
            opened.ask(f"from \"{name}\"('x')")


def test_no_macro_that_may_be_called_hides_a_query_or_a_refused_function() -> None:
    with duckdb.connect() as connection:
        macros = connection.execute(
            "select lower(function_name), lower(macro_definition) from duckdb_functions() "
            "where function_type = 'macro'"
        ).fetchall()
    for name, text in macros:
        if name not in functions.IN_SELECT:
            continue
        assert "select" not in text, name
        called = set(re.findall(r'(?<!\')"?(\w+)"?\(', text)) & SCALAR
        refused = {each for each in called if functions.refusals(each, functions.REFUSED)}
        assert refused <= {"list_aggr"}, (name, refused)
        for aggregate in re.findall(r"list_aggr\([^']*'(\w+)'", text):
            assert aggregate in functions.IN_SELECT


@pytest.mark.parametrize(
    "sql",
    [
        "select list_aggregate([1], 'sum')",
        "select array_aggr([1], 'sum')",
        "select [1].aggregate('sum')",
        "select sum(range) export_state from range(3)",
        "select 'x'::variant",
        "select 'x'::geometry",
        "select make_type('integer')",
        "select from_json('1', '\"INTEGER\"')",
        "select cast(['x'] as struct(a variant)[])",
    ],
)
def test_names_in_texts_and_inner_types_are_refused(opened: Opened, sql: str) -> None:
    with pytest.raises(BadQuestion) as caught:
        opened.ask(sql)
    assert caught.value.kind == "refused"


def test_what_the_process_can_print_holds_no_key(opened: Opened) -> None:
    """Even without the gate: the key is a variable of Python's."""
    for sql in (
        "from duckdb_views()",
        "from duckdb_functions()",
        "from duckdb_settings()",
        "from duckdb_databases()",
        "from duckdb_columns()",
        "from duckdb_variables()",
        "select json_serialize_plan('select mpan, subject_key from fct_exception')",
        "select json_serialize_plan('select mpan from fct_exception', optimize := true)",
        "explain select mpan from fct_exception",
        "select pg_get_viewdef(view_oid) from duckdb_views()",
        "select getvariable('key'), current_query()",
        "from duckdb_secrets()",
        "from duckdb_prepared_statements()",
        "from duckdb_memory()",
    ):
        found = str(opened.connection.execute(sql).fetchall())
        assert KEY not in found
        assert bytes.fromhex(KEY).hex() not in found.lower()
        assert not re.search(KEY[:8], found)


def test_a_question_that_reads_no_mpan_makes_no_pseudonym(opened: Opened) -> None:
    def calls(sql: str) -> int:
        opened.calls.clear()
        opened.ask(sql)
        return len(opened.calls)

    assert calls("select mpan from fct_exception") > 0
    for sql in (
        "select count(*) from fct_exception",
        "select rule_id, count(*) from fct_exception group by rule_id",
        "select rule_id from (select * from fct_exception) where mpid = 'X'",
        "select count(*) from fct_exception join dim_rule using (rule_id)",
        "select subject_type from fct_exception order by 1 limit 3",
    ):
        assert calls(sql) == 0, sql


@pytest.mark.parametrize(
    "sql",
    [
        "select mpan from fct_exception where mpan = '{}'",
        "select mpan from fct_exception union all values ('{}')",
        "select '{}' as mpan union all by name select mpan from fct_exception",
        "select x.mpan from fct_exception x, lateral (select x.mpan as y where x.mpan = '{}')",
        "select (select max(h.mpan) from fct_exception h where h.mpan = v.mpan) from"
        " (values ('{}')) v(mpan)",
        "with fct_exception as (select '{}' as mpan) select mpan from fct_exception",
        "select h.mpan from fct_exception h positional join (values ('{}')) v(mpan)",
        "select coalesce(h.mpan, v.mpan) from (values ('{}')) v(mpan) left join fct_exception h"
        " using (mpan)",
        "select v.mpan from (values ('{}')) v(mpan) full join fct_exception h using (mpan)",
        "select coalesce(nullif(mpan, mpan), '{}') from fct_exception",
        "select replace(mpan, mpan, '{}') from fct_exception",
        "select max(case when mpan = '{}' then mpan else '{}' end) from fct_exception",
        "pivot fct_exception on mpan in ('{}') using any_value(mpan)",
        "select * replace ('{}' as mpan) from fct_exception",
        "select mpan from (select '{}' as mpan, * exclude (mpan) from fct_exception)",
        "with recursive r as (select '{}' as mpan union select h.mpan from r join fct_exception h"
        " on h.mpan = r.mpan) from r",
        "select f(mpan) from (values ('{}')) v(mpan)",
        "select ('{}').f()",
    ],
)
def test_no_statement_gets_the_pseudonym_of_a_guess(opened: Opened, sql: str) -> None:
    """The views apply it to columns of the hidden tables, which no statement can add a row to."""
    wanted = Pseudonyms(KEY).of(A_GUESS)
    text = sql.replace("{}", A_GUESS).replace("f(", f"{opened.worker._function}(")
    try:
        rows = opened.ask(text)
    except BadQuestion as error:
        assert error.kind == "refused"
        return
    assert wanted not in str(rows)


ARGUMENTS = (
    *("mpan", "subject_key", "reason_detail", "exception_id", "mpid", "rule_id"),
    *("'sum'", "'%s'", "'$.a'", "'select mpan from fct_exception'", "'fct_exception'", "''"),
    *("1", "2", "0", "-1", "0.5", "true", "null", "date '2026-10-28'", "interval 1 day"),
    *("[mpan]", "[mpan, mpid]", "[1, 2]", "{'a': mpan}", "map {'a': mpan}", "[[1]]"),
    *("lambda x: x", "lambda x, y: x", "encode(mpan)", "now()", "'{\"a\": 1}'::json", "mpan::bit"),
    *("'1'::bit", "time '10:00'", "1::hugeint", "union_value(a := mpan)", "'a'::enum('a')"),
    *("fct_exception", "*", "'day'", "timestamp '2026-10-28 10:00'", "[mpan, '1'][1]"),
)


@settings(max_examples=4, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(ARGUMENTS), min_size=3, max_size=3))
def test_no_allowed_function_returns_a_secret(opened: Opened, arguments: list[str]) -> None:
    """Every function, over none, one, two and three arguments."""
    for count in range(4):
        chosen = ", ".join(arguments[:count])
        for name in sorted(functions.IN_SELECT):
            call = f'"{name}"({chosen})'
            _check(opened, f"select {call} from fct_exception")
        for name in sorted(functions.IN_FROM):
            _check(opened, f'from (from fct_exception limit 3), lateral "{name}"({chosen})')


@pytest.mark.parametrize("argument", ["mpan", "[mpan]"])
def test_most_functions_answer_and_none_with_a_secret(opened: Opened, argument: str) -> None:
    answered = sum(
        _check(opened, f'select "{name}"({argument}{more}) from fct_exception')
        for name in functions.IN_SELECT
        for more in ("", ", 1", ", 'x'", ", lambda x: x")
    )
    assert answered > 150


def _check(opened: Opened, sql: str) -> bool:
    try:
        shown, worked = str(opened.ask(sql)), True
    except (BadQuestion, duckdb.Error) as error:
        shown, worked = opened.worker.words(error), False
    found = opened.secrets.search(shown)
    assert not found, (sql, found)
    return worked


def test_two_threads_nulls_filters_and_joins_under_every_limit(fixture_warehouse: Path) -> None:
    sql = (
        "select count(*) as n, count(e.mpan) as points, count(distinct e.mpan) as different, "
        "bool_and(e.mpan is null or regexp_full_match(e.mpan, 'h_[0-9a-f]{16}')) as masked, "
        "count(h.mpan) as held from fct_exception e "
        "left join (select distinct mpan from fct_exception where mpan > 'h_8') h using (mpan)"
    )
    masked = ask(question(fixture_warehouse, sql), replace(LIMITS, threads=2))
    (row,) = masked.table.to_pylist()
    assert row["masked"]
    assert row["n"] > row["points"] >= row["different"] > 0
    assert row["points"] > row["held"] > 0
