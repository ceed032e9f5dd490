"""What of a statement stays in logs and links: no MPAN, however it is written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.data import starters
from pipeline.sandbox.traces import mpans_in, names_an_mpan, without_values
from tests.python.test_sandbox import ANALYSTS_SQL

MPAN = "1000000000012"
WRITTEN = (
    "from fct_holding where mpan = '1000000000012'",
    "from fct_holding where mpan = '10 0000 0000 012'",
    "from fct_holding where mpan = '10-0000-0000-012'",
    "from fct_holding where mpan = '10_0000_0000_012'",
    "from fct_holding where mpan = '10.0000.0000/012'",
    "from fct_holding where mpan = '10\u00a0000\u2009000\u202f000\u20110012'",
    "from fct_holding where mpan = '\uff11\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10\uff10'",
    "from fct_holding where mpan like '100000000001%'",
    "from fct_holding where mpan like '%0000000001%'",
    "from fct_holding where mpan = '1000000' || '000012'",
    "from fct_holding where mpan = '100' || '000' || '000' || '001' || '2'",
    "from fct_holding where mpan = concat('1000000', '000012')",
    "from fct_holding where mpan = upper('1000000') || lower('000012')",
    "from fct_holding where mpan = ['1000000', '000012'].array_to_string('')",
    "from fct_holding where mpan::bigint = 1000000000012",
    "from fct_holding where mpan::bigint = 1_000_000_000_012",
    "from fct_holding where mpan = $$1000000000012$$",
    "from fct_holding where mpan = $x$10 000 000 000 12$x$",
    "from fct_holding where mpan = e'1000000000012'",
    "from fct_holding where true -- 1000000000012",
    "from fct_holding where true -- 10 0000 0000 012",
    "from fct_holding /* 1000-0000-000-12 */",
    'select 1 as "1000000000012"',
    'select 1 as "10 0000 0000 012"',
    "select 1 as mpan_1000000000012",
    "select 1 as mpan_10_0000_0000_012",
    "mpan 10 0000 0000 012 please",
)
HARMLESS = (
    *ANALYSTS_SQL,
    "from fct_holding where valid_from between '2026-10-28' and '2026-11-10' limit 1000",
    "from fct_holding where valid_from in ('2026-10-28', '2026-11-10')",
    "from rpt_load where loaded_at > timestamp '2026-10-28 10:00:00'",
    "from fct_exception where rule_id in ('SUP-01', 'SUP-02', 'SUP-03')",
    "from p_20261110_20261125t141918z_8b472ef9.marts.fct_holding",
    "from fct_holding where mpan = 'h_0123456789012345'",
    *(each.sql for each in starters.questions()),
)


@pytest.mark.parametrize("sql", WRITTEN)
def test_an_mpan_is_noticed_and_not_logged(sql: str) -> None:
    assert names_an_mpan(sql)
    logged = without_values(sql) or ""
    assert not names_an_mpan(logged)
    assert not re.search(r"\d{3}", logged)


@pytest.mark.parametrize("sql", HARMLESS, ids=lambda sql: repr(sql[:50]))
def test_what_analysts_write_goes_into_a_link_and_into_the_log(sql: str) -> None:
    assert not names_an_mpan(sql)
    logged = without_values(sql)
    assert logged is not None
    assert "'" not in logged
    if "--" not in sql and "/*" not in sql:
        assert without_values(logged.replace("?", "1")) == logged


@pytest.mark.parametrize(
    ("sql", "logged"),
    [
        ("select 'a''b', 1.5e3, x from t where n > 10", "select ? , ? , x from t where n > ?"),
        ("select 0xE8D4A5100C", "select ?"),
        ("select 1 -- mine\n, /* b */ 2", "select ? , ?"),
        ("select é, 'é' from \"ü\" where x='y'", 'select é , ? from "ü" where x = ?'),
        ('select "a -- b" || $$c$$', 'select "a -- b" || ?'),
        ("select x::decimal(18,3)", "select x :: decimal ( ? , ? )"),
        ("select 'never closed 1000000000012", None),
        ("", ""),
        ("-- nothing", ""),
        ("select \ud800", "select ?"),
    ],
)
def test_what_the_log_holds(sql: str, logged: str | None) -> None:
    found = without_values(sql)
    assert (None if found is None else re.sub(r"\s+", " ", found)) == logged


_NOISE = st.text(" _-./'\"|;,()\n", max_size=2)


@given(st.lists(_NOISE, min_size=12, max_size=12), st.integers(0, 12))
def test_no_way_to_group_the_digits_hides_them(noise: list[str], where: int) -> None:
    written = "".join(digit + gap for digit, gap in zip(MPAN, [*noise, ""], strict=True))
    sql = f"select 1 from t where mpan = '{written}'"
    assert names_an_mpan(sql)
    assert not names_an_mpan(without_values(sql) or "")


@given(st.text(max_size=200))
def test_any_text_can_be_logged(text: str) -> None:
    names_an_mpan(text)
    assert not names_an_mpan(without_values(text) or "")


def test_mpans_that_a_statement_names() -> None:
    sql = f"where mpan in ('{MPAN}', '10 0000 0000 029') or n = 1000000000046 or d = '2026-10-28'"
    assert mpans_in(sql) == {MPAN, "1000000000029", "1000000000046"}
    assert mpans_in("where mpan = 1_000_000_000_012") == {MPAN}
    assert mpans_in("where mpan in (900000000010,10000000000)") == {"0900000000010"}
    assert mpans_in("select 10000000000.5, '900000000010'") == set()
