"""Each check and cast as SQL against the plain reading of the contract in `intake_oracle`."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from pipeline.contracts import EXTRACTS, Column, Kind
from pipeline.intake import checks
from tests.python import intake_oracle as oracle

# What casts are lenient with: spaces, signs, separators, exponents, other bases, other digits.
DIGIT = oracle.Decimal("0.001")
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # lists of texts are slow to shrink
ODD = "0159 \t\n+-_.,:/eExXTZtzaA|\x00\x7f\u0660é46@[`"


def _columns() -> dict[str, Column]:
    """One column of every kind that is checked by its text."""
    found: dict[str, Column] = {}
    for extract in EXTRACTS.values():
        for column in extract.columns:
            found.setdefault(column.kind.value, column)
    return found


COLUMNS = _columns()
SAMPLES = {
    Kind.MPID: ["ZALL", "A1B2"],
    Kind.MPAN: ["1012345678901", "0012345678901", "9999999999999"],
    Kind.ID: ["R-1", "x" * 40, "é" * 40],
    Kind.CHOICE: ["APPROVED", "SUP", "INITIAL"],
    Kind.LETTERS: ["SAU", "U"],
    Kind.DIGITS_2: ["10"],
    Kind.DATE: ["2026-02-28", "20240229", "31/12/9999", "0001-01-01"],
    Kind.TIMESTAMP: [
        "2026-07-01T23:00:00+01:00",
        "2026-07-01T23:59:59Z",
        "2026-07-01T23:00:00.123456-14:00",
        "2026-07-01T23:00Z",
        "2026-07-01T23:00:00,5Z",
    ],
    Kind.BOOLEAN: ["T", "f", "true", "FALSE", "1", "0"],
    Kind.NUMBER: ["0", "1500.125", "-3", "+2.5", "1e3", "999999999999999.999", "12.5E-2"],
}


def _by_sql(
    texts: list[str], column: Column, form: str, plain_ids: bool
) -> list[tuple[str | None, Any]]:
    """(fault, value) of each text."""
    forms = {column.name: form}
    whens = " ".join(
        f"WHEN {condition} THEN '{reason}'"
        for reason, condition in checks.fault_conditions(column) or checks.bad_conditions(column)
    )
    cast = checks.cast_sql(column, forms)
    value = checks.value_sql(column, forms, plain_ids)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("texts", pa.table({"text": texts, "n": range(len(texts))}))
        return connection.execute(
            f"SELECT CASE {whens} END, v_{column.name} FROM ("
            f"SELECT *, {value} AS v_{column.name} FROM (SELECT *, {cast} AS c_{column.name} FROM ("
            f"SELECT n, nullif(text, '') AS {column.name} FROM texts))) ORDER BY n"
        ).fetchall()


def _by_oracle(text: str, column: Column, form: str) -> tuple[str | None, Any]:
    value = oracle._value(text, column, {column.name: form})
    if text == "":
        return (checks.MISSING_VALUE if column.required else None, None)
    if value is oracle.BAD:
        listed = column.kind in (Kind.CHOICE, Kind.LETTERS)
        return (checks.BAD_VALUE if listed else checks.BAD_FORMAT, None)
    if column.kind is Kind.NUMBER and oracle.Decimal(text) < 0:
        return (checks.BAD_VALUE, value)
    return (None, value)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and "|" not in text


def _compare(texts: Iterable[str], column: Column) -> None:
    every = list(dict.fromkeys(texts))
    _compare_as(every, column, plain_ids=False)
    _compare_as(list(filter(_is_plain, every)), column, plain_ids=True)


def _compare_as(texts: list[str], column: Column, plain_ids: bool) -> None:
    for sql_form, oracle_form in zip(checks.DATE_FORMS, oracle.FORMS, strict=True):
        found = _by_sql(texts, column, sql_form, plain_ids)
        for text, (fault, value) in zip(texts, found, strict=True):
            expected_fault, expected = _by_oracle(text, column, oracle_form)
            assert fault == expected_fault, (text, column.name)
            if fault is None:
                if isinstance(value, datetime):
                    value = value.astimezone(UTC)
                if column.kind is Kind.NUMBER and "e" in text.lower() and value is not None:
                    # As exact as a double is.
                    assert abs(value - expected) <= abs(expected) / 2**50 + DIGIT, text
                else:
                    assert value == expected, (text, column.name)
        if column.kind is not Kind.DATE:
            return


@pytest.mark.parametrize("kind", COLUMNS)
def test_texts_one_or_two_characters_away(kind: str) -> None:
    """Every pair of characters of every sample replaced by every pair of odd ones."""
    column = COLUMNS[kind]
    texts = SAMPLES.get(column.kind, ["any text"])
    _compare(itertools.chain(["", *texts], *map(_near, texts)), column)


def _near(text: str) -> Iterator[str]:
    for place in range(len(text) + 1):
        yield text[:place]
        for odd in ODD:
            yield text[:place] + odd + text[place:]
            yield text[:place] + odd + text[place + 1 :]
    places = range(min(len(text), 20))
    for (a, b), x, y in itertools.product(itertools.combinations(places, 2), ODD[:20], ODD[:20]):
        yield text[:a] + x + text[a + 1 : b] + y + text[b + 1 :]


@pytest.mark.parametrize("kind", COLUMNS)
@settings(max_examples=15, deadline=None, phases=PHASES)
@given(data=st.data())
def test_random_texts(kind: str, data: st.DataObject) -> None:
    column = COLUMNS[kind]
    pieces = st.sampled_from([*SAMPLES.get(column.kind, ["x"]), *ODD, "00", "99", "24", "60"])
    texts = st.lists(pieces, max_size=4).map("".join) | st.text(max_size=45)
    _compare(data.draw(st.lists(texts, min_size=30, max_size=30)), column)


NUMBERS = st.from_regex(r"[+-]?[0-9]{1,17}(\.[0-9]{1,8})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)


@settings(max_examples=20, deadline=None, phases=PHASES)
@given(st.lists(NUMBERS.map(lambda text: text[:30]), min_size=50, max_size=50))
@example(["-0.0001", "-0", "0.0005", "1e-400", "1e400", "0e999", "999999999999999.9995"])
def test_numbers(texts: list[str]) -> None:
    _compare(texts, COLUMNS["number"])
