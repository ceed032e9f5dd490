"""The checks and types of the contract as SQL over text columns.

Every check is proved against a plain reading of the contract by tests/python/test_intake_checks.py:
DuckDB's casts accept more than the contract does (spaces, other separators, underscores).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.contracts import CHANGE_TYPE, Column, Extract, Kind

FIELD_COUNT = "FIELD_COUNT"
MISSING_VALUE = "MISSING_VALUE"
BAD_FORMAT = "BAD_FORMAT"
BAD_VALUE = "BAD_VALUE"
BAD_INTERVAL = "BAD_INTERVAL"
DUPLICATE_KEY = "DUPLICATE_KEY"

# In order of preference where two forms fit equally many values.
DATE_FORMS = ("YYYY-MM-DD", "YYYYMMDD", "DD/MM/YYYY")

_SEEDS = Path(__file__).parents[2] / "seeds"
_TO_MINUTE = "[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]"
_OFFSET = "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
_NUMBER = r"[+-]?[0-9]+(\.[0-9]+)?"


@dataclass(frozen=True)
class Fault:
    """Why a row is quarantined, and the column; its place in `faults` is its code."""

    reason: str
    column: str | None = None


def columns_of(extract: Extract, kind: str) -> tuple[Column, ...]:
    """The columns of a file of this kind, in the order in which they are checked."""
    return (CHANGE_TYPE, *extract.columns) if kind == "delta" else extract.columns


def faults(extract: Extract, kind: str) -> list[Fault]:
    """Every fault a row can have by itself, the first that fits first."""
    reasons = (MISSING_VALUE, BAD_FORMAT, BAD_VALUE)
    by_column = [
        Fault(reason, column.name) for column in columns_of(extract, kind) for reason in reasons
    ]
    return [Fault(FIELD_COUNT), *by_column, Fault(BAD_INTERVAL, "effective_to")]


def quote(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def path_literal(path: Path) -> str:
    """A path as the SQL literal of one file, whatever glob characters its folders hold."""
    return literal("".join(f"[{c}]" if c in "*?[" else c for c in str(path.absolute())))


@cache
def allowed_values(column: Column) -> tuple[str, ...]:
    """The labels a column may hold."""
    if column.values_from_seed is None:
        return column.values
    seed, name = column.values_from_seed
    with (_SEEDS / seed).open(encoding="utf-8", newline="") as stream:
        return tuple(row[name] for row in csv.DictReader(stream))


def typed_sql(
    text_sql: str, extract: Extract, kind: str, forms: Mapping[str, str], plain_ids: bool
) -> str:
    """Typed columns, `fault` (a code, null if clean) and `misdated` for every row of `text_sql`.

    `text_sql` gives every column of `columns_of` as text under its name, empty as null, and
    `is_whole`. `forms` gives each date column its form. `misdated` counts nothing: it is a bit
    per date column, set where a value is no date in the form. `plain_ids` says that no text of the
    file holds a '|' or a control character.
    """
    columns = columns_of(extract, kind)
    values = ", ".join(
        f"{value_sql(column, forms)} AS {quote('v_' + column.name)}" for column in columns
    )
    whens = ["WHEN NOT is_whole THEN 0"]
    code = 1
    for column in columns:
        for condition in fault_conditions(column, plain_ids):
            if condition is not None:
                if kind == "delta" and column.name not in ("change_type", *extract.key):
                    condition = f"change_type = 'U' AND {condition}"
                whens.append(f"WHEN {condition} THEN {code}")
            code += 1
    if extract.dated:
        condition = "v_effective_to < v_effective_from"
        if kind == "delta":
            condition = f"change_type = 'U' AND {condition}"
        whens.append(f"WHEN {condition} THEN {code}")
    bits = [
        f"(({c} IS NOT NULL AND v_{c} IS NULL)::UTINYINT * {1 << i})"
        for i, c in enumerate(date_columns(columns))
    ]
    outputs = ", ".join(f"{quote('v_' + c.name)} AS {quote(c.name)}" for c in columns)
    return (
        f"SELECT {outputs}, CASE {' '.join(whens)} END::UTINYINT AS fault, "
        f"({' + '.join(bits) or '0'})::UTINYINT AS misdated "
        f"FROM (SELECT *, {values} FROM ({text_sql}))"
    )


def date_columns(columns: Sequence[Column]) -> list[str]:
    return [column.name for column in columns if column.kind is Kind.DATE]


def value_sql(column: Column, forms: Mapping[str, str]) -> str:
    """The typed value of a text column, null where it has none."""
    text = quote(column.name)
    match column.kind:
        case Kind.MPAN:
            return _mpan_sql(text)
        case Kind.CHOICE:
            # Parquet takes an ENUM for half the price of text, and gives text back.
            labels = ", ".join(literal(label) for label in allowed_values(column))
            return f"TRY_CAST({text} AS ENUM ({labels}))"
        case Kind.DATE:
            return date_sql(text, forms[column.name])
        case Kind.TIMESTAMP:
            return _timestamp_sql(text)
        case Kind.BOOLEAN:
            return (
                f"CASE WHEN lower({text}) IN ('t', 'true', '1') THEN true "
                f"WHEN lower({text}) IN ('f', 'false', '0') THEN false END"
            )
        case Kind.NUMBER:
            # DuckDB casts 1e-999 to a DECIMAL that is not zero: exponents go by way of DOUBLE.
            return (
                f"CASE WHEN regexp_full_match({text}, '{_NUMBER}') "
                f"THEN TRY_CAST({text} AS DECIMAL(18,3)) "
                f"WHEN regexp_full_match({text}, '{_NUMBER}[eE][+-]?[0-9]+') "
                f"THEN TRY_CAST(TRY_CAST({text} AS DOUBLE) AS DECIMAL(18,3)) END"
            )
        case _:
            return text


def date_sql(text: str, form: str) -> str:
    """The date that a text is in a form, or null.

    DuckDB also takes '2026-1-5', spaces and other separators: only what it would write itself
    is a date.
    """
    if form == "YYYY-MM-DD":
        iso = text
    elif form == "YYYYMMDD":
        iso = (
            f"CASE WHEN strlen({text}) = 8 THEN "
            f"{text}[1:4] || '-' || {text}[5:6] || '-' || {text}[7:8] END"
        )
    else:
        iso = (
            f"CASE WHEN strlen({text}) = 10 AND {text}[3] = '/' AND {text}[6] = '/' THEN "
            f"{text}[7:10] || '-' || {text}[4:5] || '-' || {text}[1:2] END"
        )
    date = f"TRY_CAST({iso} AS DATE)"
    return f"CASE WHEN strlen({iso}) = 10 AND CAST({date} AS VARCHAR) = {iso} THEN {date} END"


def fault_conditions(column: Column, plain_ids: bool) -> tuple[str | None, str | None, str | None]:
    """When a value is missing, malformed, or not allowed; None where it cannot be."""
    text, value = quote(column.name), quote("v_" + column.name)
    missing = f"{text} IS NULL" if column.required else None
    malformed = disallowed = None
    match column.kind:
        case Kind.MPID:
            malformed = f"NOT regexp_full_match({text}, '[A-Z0-9]{{4}}')"
        case Kind.DIGITS_2:
            malformed = f"NOT regexp_full_match({text}, '[0-9]{{2}}')"
        case Kind.ID:
            malformed = f"length({text}) > {column.max_length}"
            if not plain_ids:
                malformed = f"({malformed} OR regexp_matches({text}, '[|\\p{{Cc}}]'))"
        case Kind.CHOICE:
            disallowed = f"({text} IS NOT NULL AND {value} IS NULL)"
        case Kind.LETTERS:
            disallowed = f"NOT regexp_full_match({text}, '[{''.join(column.values)}]+')"
        case Kind.TEXT:
            pass
        case _:
            malformed = f"({text} IS NOT NULL AND {value} IS NULL)"
            if column.kind is Kind.NUMBER:
                # By its text: a hair below zero rounds to zero and is still below zero.
                disallowed = f"({text} LIKE '-%' AND regexp_matches({text}, '^-[0.]*[1-9]'))"
    return missing, malformed, disallowed


def _mpan_sql(text: str) -> str:
    """The number that 13 digits are, or null.

    The first line knows nearly all of them by a cheaper sign than a regular expression: a text
    of 13 bytes that begins with 1 to 9 casts to so great a number only if all are digits, or if
    it has an exponent.
    """
    return (
        f"CASE WHEN strlen({text}) = 13 AND {text} >= '1' AND {text} < ':' "
        f"AND NOT contains({text}, 'e') AND NOT contains({text}, 'E') "
        f"AND TRY_CAST({text} AS BIGINT) >= 1000000000000 THEN CAST({text} AS BIGINT) "
        f"WHEN regexp_full_match({text}, '[0-9]{{13}}') THEN CAST({text} AS BIGINT) END"
    )


def _timestamp_sql(text: str) -> str:
    """The instant that an ISO 8601 text with offset is, or null.

    ISO 8601 lets the seconds go, and allows a comma before their fraction; DuckDB does neither.
    """
    seconds = f"{_TO_MINUTE}:[0-5][0-9]"
    return (
        f"CASE WHEN {text} < '0001' THEN NULL "
        f"WHEN regexp_full_match({text}, '{seconds}([.][0-9]+)?{_OFFSET}') "
        f"THEN TRY_CAST({text} AS TIMESTAMPTZ) "
        f"WHEN regexp_full_match({text}, '{seconds},[0-9]+{_OFFSET}') "
        f"THEN TRY_CAST(replace({text}, ',', '.') AS TIMESTAMPTZ) "
        f"WHEN regexp_full_match({text}, '{_TO_MINUTE}{_OFFSET}') "
        f"THEN TRY_CAST({text}[1:16] || ':00' || {text}[17:] AS TIMESTAMPTZ) END"
    )
