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
from pipeline.sql_text import identifier, literal

FIELD_COUNT = "FIELD_COUNT"
MISSING_VALUE = "MISSING_VALUE"
BAD_FORMAT = "BAD_FORMAT"
BAD_VALUE = "BAD_VALUE"
BAD_INTERVAL = "BAD_INTERVAL"
DUPLICATE_KEY = "DUPLICATE_KEY"

# In order of preference where two forms fit equally many values.
DATE_FORMS = ("YYYY-MM-DD", "YYYYMMDD", "DD/MM/YYYY")

_FEW_LABELS = 9
_CAST_FIRST = (Kind.DATE, Kind.MPAN, Kind.NUMBER)
_SEEDS = Path(__file__).parents[2] / "seeds"
_TO_MINUTE = "[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]"
_OFFSET = "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
_DIGIT = "[0-9]"
_MPID = "[A-Z0-9]" * 4
_BRITISH = f"{_DIGIT * 4}-{_DIGIT * 2}-{_DIGIT * 2}T{{hour}}:[0-5]{_DIGIT}:[0-5]{_DIGIT}+0[01]:00"
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
    found = [Fault(FIELD_COUNT)]
    for column in columns_of(extract, kind):
        found += [Fault(reason, column.name) for reason, _ in fault_conditions(column)]
    return [*found, Fault(BAD_INTERVAL, "effective_to")]


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
    """Typed columns, `fault` (a code, null if clean), `misdated` and `noted` for every row.

    `text_sql` gives every column of `columns_of` as text under its name, empty as null, and
    `is_whole`. `forms` gives each date column its form. `misdated` counts nothing: it is a bit
    per date column, set where a value is no date in the form, and null where none is set.
    `noted` is null, or an array with `REASON:text` for each `noted` column, in order, whose value
    is bad, and null for the others. `plain_ids` says that no text of the file holds a '|' or a
    control character.
    """
    columns = columns_of(extract, kind)
    values = ", ".join(f"{value_sql(c, forms, plain_ids)} AS {_value(c.name)}" for c in columns)
    noted = [column for column in columns if column.noted]
    # A layer of their own: DuckDB would cast again wherever the cast is named in a CASE.
    casts = ", ".join(
        f"{cast_sql(c, forms)} AS {_cast(c.name)}" for c in columns if c.kind in _CAST_FIRST
    )
    conditions = ["NOT is_whole"]
    for column in columns:
        optional = kind == "delta" and column.name not in ("change_type", *extract.key)
        for _, condition in fault_conditions(column):
            conditions.append(f"change_type = 'U' AND {condition}" if optional else condition)
    if extract.dated:
        condition = "v_effective_to < v_effective_from"
        conditions.append(f"change_type = 'U' AND {condition}" if kind == "delta" else condition)
    whens = " ".join(f"WHEN {condition} THEN {i}" for i, condition in enumerate(conditions))
    misdated = " + ".join(
        f"({_is_bad(name)})::UTINYINT * {1 << i}" for i, name in enumerate(date_columns(columns))
    )
    outputs = ", ".join(f"{_kept_value(c)} AS {identifier(c.name)}" for c in columns)
    notes = ", ".join(map(_note_sql, noted))
    is_noted = " OR ".join(f"({c})" for column in noted for _, c in bad_conditions(column))
    if kind == "delta":
        is_noted = f"change_type = 'U' AND ({is_noted})"
    note = f"CASE WHEN NOT is_clean AND {is_noted} THEN json_array({notes})::VARCHAR END"
    return (
        f"SELECT {outputs}, CASE WHEN NOT is_clean THEN CASE {whens} END END::UTINYINT AS fault, "
        f"CASE WHEN NOT is_clean THEN nullif({misdated}, 0) END::UTINYINT AS misdated, "
        f"{note if noted else 'NULL::VARCHAR'} AS noted FROM ("
        f"SELECT *, coalesce({_is_clean(extract, columns)}, false) AS is_clean FROM ("
        f"SELECT *, {values} FROM (SELECT *, {casts} FROM ({text_sql}))))"
    )


def _is_clean(extract: Extract, columns: Sequence[Column]) -> str:
    """A cheap sign of a row without any fault, so that only the others are looked at closely."""
    signs = ["is_whole"]
    for column in columns:
        text, value = identifier(column.name), _value(column.name)
        if not column.required:
            signs.append(f"{value} IS NOT NULL OR {text} IS NULL")
        elif column.required_if is None:
            signs.append(f"{value} IS NOT NULL")
        else:
            signs.append(f"{value} IS NOT NULL OR {text} IS NULL AND NOT ({column.required_if})")
        if column.kind is Kind.NUMBER:
            signs.append(f"{text} NOT LIKE '-%' OR {text} IS NULL")
    if extract.dated:
        signs.append("v_effective_to >= v_effective_from OR v_effective_to IS NULL")
    return " AND ".join(f"({sign})" for sign in signs)


def date_columns(columns: Sequence[Column]) -> list[str]:
    return [column.name for column in columns if column.kind is Kind.DATE]


def cast_sql(column: Column, forms: Mapping[str, str]) -> str:
    """What DuckDB makes of a text, where `value_sql` asks; more lenient than the contract."""
    text = identifier(column.name)
    if column.kind is Kind.DATE:
        return f"TRY_CAST({_iso_sql(text, forms[column.name])} AS DATE)"
    if column.kind is Kind.NUMBER:
        return f"TRY_CAST({text} AS INTEGER)"
    return f"TRY_CAST({text} AS BIGINT)" if column.kind is Kind.MPAN else "NULL"


def value_sql(column: Column, forms: Mapping[str, str], plain_ids: bool) -> str:
    """The typed value of a text column, null where the text is none that the contract allows.

    Stands over a relation that has the text and its `cast_sql`.
    """
    text = identifier(column.name)
    match column.kind:
        case Kind.MPID:
            return f"CASE WHEN {text} GLOB '{_MPID}' THEN {text} END"
        case Kind.DIGITS_2:
            return f"CASE WHEN {text} GLOB '{_DIGIT * 2}' THEN {text} END"
        case Kind.LETTERS:
            letters = f"[{''.join(column.values)}]+"
            return f"CASE WHEN regexp_full_match({text}, '{letters}') THEN {text} END"
        case Kind.ID:
            odd = "" if plain_ids else f" AND NOT regexp_matches({text}, '[|\\p{{Cc}}]')"
            return f"CASE WHEN length({text}) <= {column.max_length}{odd} THEN {text} END"
        case Kind.CHOICE | Kind.HEAD:
            return _choice_sql(text, allowed_values(column))
        case Kind.MPAN:
            return _mpan_sql(text, _cast(column.name))
        case Kind.DATE:
            return _date_sql(_iso_sql(text, forms[column.name]), _cast(column.name))
        case Kind.TIMESTAMP:
            return _timestamp_sql(text)
        case Kind.BOOLEAN:
            return (
                f"CASE WHEN {text} = 'T' THEN true WHEN {text} = 'F' THEN false "
                f"WHEN lower({text}) IN ('t', 'true', '1') THEN true "
                f"WHEN lower({text}) IN ('f', 'false', '0') THEN false END"
            )
        case Kind.NUMBER:
            # DuckDB casts 1e-999 to a DECIMAL that is not zero: exponents go by way of DOUBLE.
            # Most are whole numbers, told by what DuckDB would write: half a regular expression.
            whole = _cast(column.name)
            return (
                f"CASE WHEN CAST({whole} AS VARCHAR) = {text} THEN CAST({whole} AS DECIMAL(18,3)) "
                f"WHEN regexp_full_match({text}, '{_NUMBER}') "
                f"THEN TRY_CAST({text} AS DECIMAL(18,3)) "
                f"WHEN regexp_full_match({text}, '{_NUMBER}[eE][+-]?[0-9]+') "
                f"THEN TRY_CAST(TRY_CAST({text} AS DOUBLE) AS DECIMAL(18,3)) END"
            )
        case Kind.TEXT:
            return text


def fault_conditions(column: Column) -> list[tuple[str, str]]:
    """The faults of a row by a value, (reason, condition) each, over its text and typed value."""
    found = []
    if column.required:
        missing = f"{identifier(column.name)} IS NULL"
        if column.required_if is not None:
            missing += f" AND ({column.required_if})"
        found.append((MISSING_VALUE, missing))
    return found if column.noted else found + bad_conditions(column)


def bad_conditions(column: Column) -> list[tuple[str, str]]:
    """What can be wrong with a value that is there, as in `fault_conditions`."""
    listed = column.kind in (Kind.CHOICE, Kind.LETTERS, Kind.HEAD)
    found = []
    if column.kind is Kind.HEAD:
        found.append((BAD_FORMAT, f"starts_with({identifier(column.name)}, '[')"))
    found.append((BAD_VALUE if listed else BAD_FORMAT, _is_bad(column.name)))
    if column.kind is Kind.NUMBER:
        # By its text: a hair below zero rounds to zero and is still below zero.
        found.append((BAD_VALUE, f"regexp_matches({identifier(column.name)}, '^-[0.]*[1-9]')"))
    return found


def noted_sql(extract: Extract, kind: str, scan: str) -> str:
    """(row, place, column_name, reason, value) of the bad values that typed rows note."""
    names = [column.name for column in columns_of(extract, kind) if column.noted]
    parts = " UNION ALL ".join(
        f"SELECT file_row_number AS row, {place} AS place, {literal(name)} AS column_name, "
        f"json_extract_string(noted, '$[{place}]') AS note FROM noted_row"
        for place, name in enumerate(names)
    )
    return (
        f"WITH noted_row AS MATERIALIZED (SELECT file_row_number, noted::JSON AS noted FROM {scan} "
        "WHERE noted IS NOT NULL AND fault IS NULL) "
        "SELECT row, place, column_name, split_part(note, ':', 1) AS reason, "
        f"note[strpos(note, ':') + 1:] AS value FROM ({parts}) WHERE note IS NOT NULL"
    )


def _note_sql(column: Column) -> str:
    whens = " ".join(
        f"WHEN {condition} THEN '{reason}:' || {identifier(column.name)}"
        for reason, condition in bad_conditions(column)
    )
    return f"CASE {whens} END"


def _kept_value(column: Column) -> str:
    """The value, or null where it is noted: a value may be typed and bad for all that."""
    conditions = [c for _, c in bad_conditions(column) if c != _is_bad(column.name)]
    if not column.noted or not conditions:
        return _value(column.name)
    is_bad = " OR ".join(conditions)
    return f"CASE WHEN NOT is_clean AND ({is_bad}) THEN NULL ELSE {_value(column.name)} END"


def date_sql(text: str, form: str) -> str:
    """The date that a text is in a form, or null."""
    iso = _iso_sql(text, form)
    return _date_sql(iso, f"TRY_CAST({iso} AS DATE)")


def _value(name: str) -> str:
    return identifier(f"v_{name}")


def _cast(name: str) -> str:
    return identifier(f"c_{name}")


def _is_bad(name: str) -> str:
    return f"{identifier(name)} IS NOT NULL AND {_value(name)} IS NULL"


def _choice_sql(text: str, labels: Sequence[str]) -> str:
    """The label as an ENUM: Parquet takes that for a tenth of the price of text, and gives text.

    Few labels are found fastest one by one, many by the hash table of the cast.
    """
    type_ = f"ENUM ({', '.join(map(literal, labels))})"
    if len(labels) > _FEW_LABELS:
        return f"TRY_CAST({text} AS {type_})"
    whens = " ".join(f"WHEN {literal(label)} THEN {literal(label)}::{type_}" for label in labels)
    return f"CASE {text} {whens} END"


def _iso_sql(text: str, form: str) -> str:
    """A text in a form, rewritten as YYYY-MM-DD."""
    if form == "YYYYMMDD":
        return (
            f"CASE WHEN strlen({text}) = 8 THEN "
            f"{text}[1:4] || '-' || {text}[5:6] || '-' || {text}[7:8] END"
        )
    if form == "DD/MM/YYYY":
        return (
            f"CASE WHEN strlen({text}) = 10 AND {text}[3] = '/' AND {text}[6] = '/' THEN "
            f"{text}[7:10] || '-' || {text}[4:5] || '-' || {text}[1:2] END"
        )
    return text


def _date_sql(iso: str, date: str) -> str:
    """DuckDB also takes '2026-1-5', spaces, other separators: what it would write is a date."""
    return f"CASE WHEN strlen({iso}) = 10 AND CAST({date} AS VARCHAR) = {iso} THEN {date} END"


def _mpan_sql(text: str, number: str) -> str:
    """The number that 13 digits are, or null.

    The first line knows nearly all of them by a cheaper sign than a regular expression: 13 bytes
    that begin with 1 to 9 cast to so great a number only if all are digits, or with an exponent.
    What is written with one has 11 digits at most, so the number ends in 00.
    """
    return (
        f"CASE WHEN strlen({text}) = 13 AND {text} >= '1' AND {text} < ':' "
        f"AND {number} >= 1000000000000 AND {number} % 100 > 0 THEN {number} "
        f"WHEN regexp_full_match({text}, '[0-9]{{13}}') THEN {number} END"
    )


def _timestamp_sql(text: str) -> str:
    """The instant that an ISO 8601 text with offset is, or null.

    British times come first, at half the price of a regular expression. ISO 8601 lets the seconds
    go, and allows a comma before their fraction; DuckDB does neither.
    """
    seconds = f"{_TO_MINUTE}:[0-5][0-9]"
    return (
        f"CASE WHEN {text} < '0001' THEN NULL "
        f"WHEN {text} GLOB '{_BRITISH.format(hour='[01][0-9]')}' "
        f"OR {text} GLOB '{_BRITISH.format(hour='2[0-3]')}' "
        f"THEN TRY_CAST({text} AS TIMESTAMPTZ) "
        f"WHEN regexp_full_match({text}, '{seconds}([.][0-9]+)?{_OFFSET}') "
        f"THEN TRY_CAST({text} AS TIMESTAMPTZ) "
        f"WHEN regexp_full_match({text}, '{seconds},[0-9]+{_OFFSET}') "
        f"THEN TRY_CAST(replace({text}, ',', '.') AS TIMESTAMPTZ) "
        f"WHEN regexp_full_match({text}, '{_TO_MINUTE}{_OFFSET}') "
        f"THEN TRY_CAST({text}[1:16] || ':00' || {text}[17:] AS TIMESTAMPTZ) END"
    )
