"""What is typed the cheap way is typed as `checks` says, and has no fault by it."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.contracts import EXTRACTS, Column, Kind
from pipeline.intake.checks import DATE_FORMS, allowed_values, columns_of, date_columns, typed_sql
from pipeline.intake.plain import Plain, lake_schema

PLAIN = {
    Kind.MPID: ["ALDR", "Z9Z9", "0000"],
    Kind.MPAN: ["1012345678901", "9999999999999", "0000000000001", "1012345678900"],
    Kind.ID: ["1", "R-1", "x" * 40],
    Kind.TEXT: ["x", "Ünder", " "],
    Kind.DIGITS_2: ["10", "00"],
    Kind.DATE: ["2026-01-01", "2024-02-29", "9999-12-31", "1000-01-01"],
    Kind.TIMESTAMP: ["2026-10-28T23:59:59+01:00", "2026-01-01T00:00:00+00:00"],
    Kind.BOOLEAN: ["T", "F"],
    Kind.NUMBER: ["0", "3216", "999999999", "007"],
}
ODD = {
    Kind.MPID: [
        "aldr",
        "ALD",
        "ALDRX",
        "ALD ",
        "ALD-",
        "ÀLDR",
        "ÀLD",
        *(f"ALD{c}" for c in "/:@[`{"),
    ],
    Kind.MPAN: [
        *(" 101234567890", "101234567890 ", "0x91812345678", "0x9181234567", "1.0000000e12"),
        *("12345678901e2", "+101234567890", "-101234567890", "101234567890", "10123456789012"),
        *(
            "1_0_1_2_3_4_5",
            "101234567890/",
            "101234567890:",
            "\uff11\uff101234567",
            "1012345678\u0661",
        ),
    ],
    Kind.ID: ["x" * 41, "a|b", "a\tb", "é" * 40],
    Kind.TEXT: ["\x00"],
    Kind.DIGITS_2: ["1", "100", "1/", "1:", " 1"],
    Kind.DATE: [
        *("2026-1-01", "2026-01-1 ", "2026/01/01", "2026-02-30", "2025-02-29", "20260101"),
        *("01/02/2026", "0999-12-31", "0000-01-01", " 026-01-01", "12026-1-01", "2026-01-01 "),
        *("2026-13-01", "2026-00-01", "2026-01-00", "+026-01-01", "-026-01-01", "infinity  "),
    ],
    Kind.TIMESTAMP: [
        *("2026-10-28T24:00:00+01:00", "2026-10-28T23:60:00+01:00", "2026-10-28T23:59:60+00:00"),
        *("2026-10-28 23:59:59+01:00", "2026-10-28T23:59:59Z", "2026-10-28T23:59:59.5+01:00"),
        *("2026-02-30T23:59:59+01:00", "2026-10-28T23:59:59+02:00", "0000-10-28T23:59:59+00:00"),
        *("2026-10-28T23:59:59-01:00", "2026-10-28T23:59+01:00", "2026-10-28T23:59:59+01:0"),
        *("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59+00:00", "0999-01-01T00:00:00+00:00"),
    ],
    Kind.BOOLEAN: ["t", "true", "1", "TRUE", "X", "TF"],
    Kind.NUMBER: ["1.5", "-1", "-0", "+1", "1e3", "1000000000", "9" * 18, " 1", "1 ", "0x1", "1_0"],
}


def values(column: Column) -> st.SearchStrategy[str | None]:
    """Mostly plain ones; odd, absent and random ones too."""
    plain = list(allowed_values(column)) if column.kind is Kind.CHOICE else PLAIN.get(column.kind)
    good = st.sampled_from(plain or list(column.values))
    alphabet = "0123456789-+.:TeExXAZaz/ |\té"
    odd = st.one_of(
        st.sampled_from(ODD.get(column.kind, ["x"])),
        st.text(alphabet, min_size=1, max_size=25),
        st.none(),
    )
    return st.one_of(*[good] * 40, odd)


@st.composite
def batches(draw: st.DrawFn) -> tuple[str, str, pa.RecordBatch]:
    extract = draw(st.sampled_from(sorted(EXTRACTS)))
    kind = draw(st.sampled_from(["full", "delta"]))
    columns = columns_of(EXTRACTS[extract], kind)
    rows = draw(st.integers(1, 4))
    data = {c.name: pa.array([draw(values(c)) for _ in range(rows)], pa.string()) for c in columns}
    return extract, kind, pa.record_batch(data)


def one(extract: str, **texts: str | None) -> tuple[str, str, pa.RecordBatch]:
    """A row of plain values but for these."""
    columns = columns_of(EXTRACTS[extract], "full")
    row = {}
    for column in columns:
        labels = allowed_values(column) if column.kind is Kind.CHOICE else column.values
        row[column.name] = [*PLAIN.get(column.kind, []), *labels][0]
    return (
        extract,
        "full",
        pa.record_batch({n: pa.array([v], pa.string()) for n, v in (row | texts).items()}),
    )


def joined(rows: list[pa.RecordBatch]) -> pa.RecordBatch:
    return pa.Table.from_batches(rows).combine_chunks().to_batches()[0]


def plain_of(extract: str, kind: str, plain_ids: bool = True) -> Plain:
    forms = dict.fromkeys(date_columns(columns_of(EXTRACTS[extract], kind)), DATE_FORMS[0])
    return Plain(EXTRACTS[extract], kind, forms, plain_ids)


def taken(plain: Plain, text: pa.RecordBatch) -> pa.RecordBatch | None:
    """The batch typed, if all of it was taken."""
    runs = plain.runs(text)
    return runs[0][1] if [is_typed for is_typed, _ in runs] == [True] else None


def by_checks(extract: str, kind: str, text: pa.RecordBatch, plain_ids: bool) -> pa.Table:
    forms = dict.fromkeys(date_columns(columns_of(EXTRACTS[extract], kind)), DATE_FORMS[0])
    sql = typed_sql(
        "SELECT *, true AS is_whole FROM run", EXTRACTS[extract], kind, forms, plain_ids
    )
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("run", pa.Table.from_batches([text]))
        return connection.execute(sql).to_arrow_table()


def assert_as_checks(case: tuple[str, str, pa.RecordBatch]) -> bool:
    """Whether it was taken; if so, it is what `checks` makes of it."""
    extract, kind, text = case
    plain_ids = not any(
        c in "|\t\x00é" or not c.isascii()
        for v in text.to_pylist()
        for c in "".join(filter(None, v.values()))
    )
    typed = taken(plain_of(extract, kind, plain_ids), text)
    if typed is None:
        return False
    assert typed.schema == lake_schema(columns_of(EXTRACTS[extract], kind))
    typed.validate(full=True)
    assert typed.to_pylist() == by_checks(extract, kind, text, plain_ids).to_pylist()
    for name in ("fault", "misdated", "noted"):
        assert typed[name].null_count == len(typed)
    return True


@settings(max_examples=600, deadline=None)
@given(batches())
@example(one("registration", effective_from="2026-01-02", effective_to="2026-01-01"))
@example(one("registration", effective_from="2026-01-02", effective_to="2026-01-02"))
def test_what_is_taken_is_as_checks_say(case: tuple[str, str, pa.RecordBatch]) -> None:
    assert_as_checks(case)


@pytest.mark.parametrize("extract", sorted(EXTRACTS))
def test_every_odd_value_alone(extract: str) -> None:
    """Each beside plain values, so that nothing else keeps the row from being taken."""
    for column in EXTRACTS[extract].columns:
        labels = allowed_values(column) if column.kind is Kind.CHOICE else column.values
        for value in [*PLAIN.get(column.kind, []), *labels, *ODD.get(column.kind, []), None]:
            assert_as_checks(one(extract, **{column.name: value}))


@pytest.mark.parametrize("extract", ["registration", "migration", "appointment"])
def test_plain_rows_are_taken(extract: str) -> None:
    """What large files are made of."""
    assert assert_as_checks(
        one(extract, effective_to=None) if EXTRACTS[extract].dated else one(extract)
    )


@pytest.mark.parametrize(
    ("column", "short", "long"),
    [
        ("mpan", "101234567890", "10123456789012"),
        ("supplier_mpid", "ALD", "ALDRX"),
        ("requested_at", "2026-10-28T23:59:59+01:0", "2026-10-28T23:59:59+01:000"),
    ],
)
def test_lengths_do_not_make_up_for_each_other(column: str, short: str, long: str) -> None:
    rows = [one("registration", **{column: value})[2] for value in (short, long)]
    assert taken(plain_of("registration", "full"), joined(rows)) is None


@pytest.mark.parametrize("form", DATE_FORMS[1:])
def test_dates_of_another_form_are_left(form: str) -> None:
    """In a file of theirs 2026-01-01 is no date."""
    extract, kind, text = one("migration", effective_from="2026-01-01")
    plain = Plain(EXTRACTS[extract], kind, {"effective_from": form}, True)
    assert taken(plain, text) is None


def test_odd_rows_leave_their_run_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.intake.plain._RUN", 3)
    odd = {0, 7, 8, 9, 15}
    rows = [one("migration", mpan="x" if n in odd else f"{10**12 + n}")[2] for n in range(17)]
    text = joined(rows)
    runs = plain_of("migration", "full").runs(text)
    assert [(taken, len(run)) for taken, run in runs] == [
        (False, 3),
        (True, 3),
        (False, 6),
        (True, 3),
        (False, 2),
    ]
    mpans = [str(v) for _, run in runs for v in run["mpan"].to_pylist()]
    assert mpans == ["x" if n in odd else f"{10**12 + n}" for n in range(17)]


def test_a_slice_is_as_a_whole() -> None:
    """The values before a slice count for nothing."""
    rows = [
        one("registration", annual_kwh=v, mpan=m)[2]
        for v, m in ((None, "x"), ("5", "1" * 13), (None, "2" * 13))
    ]
    text = joined(rows).slice(1)
    typed = taken(plain_of("registration", "full"), text)
    assert typed is not None
    assert typed.to_pylist() == by_checks("registration", "full", text, True).to_pylist()
