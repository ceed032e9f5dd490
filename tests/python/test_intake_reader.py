"""Random nasty CSV files: the intake gives what the slow reading of the contract gives."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.csv
import pyarrow.parquet
import pytest
import zstandard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.contracts import EXTRACTS
from pipeline.intake import (
    FileOutcome,
    create_state_views,
    csv_bulk,
    csv_scan,
    layout,
    load,
    reading,
)
from pipeline.intake.checks import columns_of
from tests.python import intake_oracle as oracle
from tests.python.intake_folder import Folder

VALUES = {
    "change_type": ["U", "U", "U", "D", "X", ""],
    "mpan": ["1012345678901"] * 3 + ["0012345678901", "101234567890", "1e12345678901", ""],
    "direction": ["FORWARD", "FORWARD", "REVERSE", "forward", ""],
    "effective_from": ["2026-01-01", "2026-01-02", "20260101", "01/02/2026", "2026-02-30", ""],
    "scenario": ["MCA", "MCS", "", "", "X"],
    "supplier_mpid": ["ZALL", "zall", "", " ZALL"],
    "mpid": ["ZALL", "ZNON", "ZAL"],
    "market_role": ["SUP", "MSS", "XXX"],
    "stage": ["PQS", "PIT", "TESTING", "QAD"],
    "tranche": ["T1", "", "a,b", 'say "hi"', "two\nlines", "é€", "cr\r\nlf", " "],
    "test_route": ["SIT", "", "sit"],
    "planned_on": ["2026-01-01", "01/01/2026", ""],
    "forecast_on": ["20260101", "", "01/01/2026"],
    "completed_on": ["", "31/12/2026", "20261231"],
    "evidence_reference": ["", "x", "NULL", "x|y", "\x01"],
    "unknown": ["", "1", "2", 'q"q', "a\nb"],
    "registration_id": ["R1", "R2", "R3", "R|4", "x" * 41, "R\n5", "é"],
    "registration_type": ["INITIAL"],
    "registration_status": ["ACTIVE"],
    "requested_at": ["", "2026-07-01T23:00:00Z", "2026-07-01T23:00:00"],
    "effective_to": ["", "2025-12-31", "2026-12-31", "9999-12-31"],
    "market_segment": ["S", "A"],
    "gsp_group_id": ["_A", "_I"],
    "rmp_status": ["O"],
    "mp_status": ["R"],
    "annual_kwh": ["1", "1.5", "-1", "x", ""],
    "is_domestic": ["T", "false", "yes"],
    "connection_type": ["W", "", "w", 'W,"', "U\n"],
    "ldso_mpid": ["EELC", "", "eelc", "BAD_VALUE:x"],
    "energisation_status": ["E", "E", "X", "\x00é"],
}

# Fields too many that are empty: DuckDB's reader passes over these.
EMPTY = [[""], ['""'], ["", ""], ["", '""'], [" "], ["", " "]]


@st.composite
def csv_files(draw: st.DrawFn) -> tuple[str, str, bytes]:
    """(extract, kind, bytes): regular for the most part, each with a few of all oddities."""
    extract = draw(st.sampled_from(["migration", "stage", "registration"]))
    kind = draw(st.sampled_from(["full", "delta"]))
    names = [c.name for c in columns_of(EXTRACTS[extract], kind) if c.name in VALUES]
    names += draw(st.sampled_from([[], ["unknown"]]))
    names = draw(st.permutations(names))
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    quotes_all = draw(st.booleans())
    is_odd = draw(st.sampled_from([False, False, True]))
    pool = draw(
        st.lists(
            st.tuples(*(st.sampled_from(VALUES[name]) for name in names)), min_size=1, max_size=6
        )
    )

    def cell(value: str) -> str:
        if quotes_all or any(c in value for c in ',"\r\n'):
            return '"' + value.replace('"', '""') + '"'
        return value

    def line() -> str:
        row = list(draw(st.sampled_from(pool)))
        change = draw(st.integers(0, 14))
        if change == 0:
            row.append("more")
        elif change == 1:
            row.pop()
        elif change == 2:
            return ""
        elif change == 5:
            return ",".join([*map(cell, row), *draw(st.sampled_from(EMPTY))])
        elif change == 3 and is_odd:
            odd = st.sampled_from(['a"b', '"a"b', '"a" ', '"', "\r", "a\rb", '""', '"a""', "\0"])
            return ",".join([*map(cell, row[1:]), draw(odd)])
        elif change == 4 and is_odd:
            return draw(st.sampled_from(['"', '""', " ", ",", "\r", '"\n"', ",,,,,,"]))
        return ",".join(map(cell, row))

    lines = [line() for _ in range(draw(st.integers(0, 14)))]
    ends = [draw(st.sampled_from(["\n", "\r\n"])) if is_odd else end for _ in lines]
    body = "".join(a + b for a, b in zip(lines, ends, strict=True))
    text = ",".join(map(cell, names)) + end + body
    if draw(st.booleans()):
        text = text.removesuffix("\n").removesuffix("\r")
    bom = draw(st.sampled_from(["", "\ufeff"]))
    return extract, kind, (bom + text).encode()


PACK = {
    "csv": lambda content: content,
    "csv.gz": gzip.compress,
    "csv.zst": zstandard.ZstdCompressor().compress,
}


def take(
    extract: str, kind: str, content: bytes, ext: str = "csv"
) -> tuple[FileOutcome, Any, Any, Any]:
    """Load one file alone: its outcome, its accepted rows, quarantined rows and noted values."""
    columns = columns_of(EXTRACTS[extract], kind)
    with tempfile.TemporaryDirectory() as folder:
        landing, warehouse = Path(folder) / "landing", Path(folder) / "warehouse"
        path = landing / extract / f"{extract}_{kind}_20260101.{ext}"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        (outcome,) = load(landing, warehouse, threads=1).files
        with duckdb.connect() as connection:
            create_state_views(connection, warehouse, date(2027, 1, 1))
            connection.execute("SET TimeZone = 'UTC'")
            relation = f"{extract}_change" if kind == "delta" else extract
            names = ", ".join(column.name for column in columns)
            accepted = []
            if outcome.outcome == "accepted":
                accepted = [
                    _what_counts(row, extract, kind)
                    for row in connection.execute(f"SELECT {names} FROM raw.{relation}").fetchall()
                ]
            quarantined = connection.execute(
                "SELECT line, reason, column_name, row_text FROM raw.quarantined_row ORDER BY line"
            ).fetchall()
            noted = connection.execute(
                "SELECT line, column_name, reason, value FROM raw.noted_value"
            ).fetchall()
    return outcome, accepted, quarantined, noted


def check(extract: str, kind: str, content: bytes, ext: str = "csv") -> None:
    expected = oracle.read(content, extract, kind)
    outcome, accepted, quarantined, noted = take(extract, kind, PACK[ext](content), ext)
    assert outcome.error == expected.refused, outcome.detail
    if expected.refused is None:
        assert quarantined == expected.quarantined
        assert noted == expected.noted
        assert outcome.noted == len(expected.noted)
        what_counts = [_what_counts(row, extract, kind) for row in expected.accepted]
        assert sorted(map(str, accepted)) == sorted(map(str, what_counts))
        assert outcome.repeated == expected.repeated
        assert outcome.lines == expected.lines
        assert outcome.accepted == len(expected.accepted)
        assert outcome.quarantined == len(expected.quarantined)


def _what_counts(row: tuple[Any, ...], extract: str, kind: str) -> tuple[Any, ...]:
    """A row to compare: instants in one zone, and of a D nothing but its key."""
    values = [v.astimezone(UTC) if isinstance(v, datetime) else v for v in row]
    columns = columns_of(EXTRACTS[extract], kind)
    key = ("change_type", *EXTRACTS[extract].key)
    return tuple(
        value if values[0] != "D" or kind == "full" or column.name in key else None
        for column, value in zip(columns, values, strict=True)
    )


def _forbidden(*_: object) -> None:
    raise AssertionError("the exact reader was used")


MIGRATION = b"mpan,direction,effective_from\n"
ROW = b"1012345678901,FORWARD,2026-01-01\n"


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(csv_files(), st.sampled_from(["csv", "csv", "csv.gz", "csv.zst"]))
@example(("migration", "full", b""), "csv")
@example(("migration", "full", b"\n\r\n\n"), "csv")
@example(("migration", "full", b"\xef\xbb\xbf"), "csv")
@example(("migration", "full", b"\n\n" + MIGRATION + b"\n" + ROW), "csv")
@example(("migration", "full", MIGRATION + ROW.strip() + b"\r"), "csv")
@example(("migration", "full", MIGRATION + ROW * 3 + b"x\n" * 3 + b'""\n'), "csv")
@example(("migration", "full", MIGRATION.replace(b"\n", b",mpan\n") + ROW), "csv")
@example(("migration", "full", b'"mpan","direction","effective_from"\r\n' + ROW), "csv.zst")
@example(("migration", "full", MIGRATION + ROW + b'1,"2,3\n'), "csv")
@example(("migration", "full", MIGRATION.replace(b"\n", b',"a\nb"\n') + ROW), "csv")
@example(("migration", "full", MIGRATION + b"\xff\n"), "csv.gz")
@example(("migration", "full", MIGRATION + ROW.strip() + b",\n" + ROW), "csv")
@example(("migration", "full", MIGRATION.replace(b"\n", b",x\n") + b'a\rb\n"a\rb"\n'), "csv")
def test_as_the_slow_reader(file: tuple[str, str, bytes], ext: str) -> None:
    check(*file, ext)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(csv_files(), st.sampled_from(["csv", "csv", "csv.gz", "csv.zst"]))
def test_the_exact_reader_as_the_slow_reader(file: tuple[str, str, bytes], ext: str) -> None:
    """Regular files too are read alike where the fast way is barred."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            reading, "scan_csv", lambda *a: replace(csv_scan.scan_csv(*a), header=None, index=None)
        )
        patch.setattr(csv_bulk.BulkCsv, "text_sql", _forbidden)
        check(*file, ext)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", ",", "\n", "\r\n", '"x\n,"', "|", "\x01", "\x7f", "é"])))
@example(["\n"])
@example(["a", "\n", "\n", "b"])
@example(["a", "\n", "b", "\n", "\n"])
def test_a_tally_is_that_of_the_layout(pieces: list[str]) -> None:
    data = "".join([*pieces, "\n"]).encode()
    try:
        expected = layout.lay_out(data).tally
    except layout.Irregular:
        with pytest.raises(layout.Irregular):
            layout.tally(data)
    else:
        assert layout.tally(data) == expected


@pytest.mark.parametrize("ext", PACK)
def test_the_hash_is_of_what_is_stored(
    ext: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many blocks are hashed at once, and also of a file that is refused."""
    monkeypatch.setattr("pipeline.intake.stored.BLOCK", 7)
    path = tmp_path / "file"
    for content in (b"", *(MIGRATION + b"x" * n for n in range(60)), b"\xff" * 29):
        stored = PACK[ext](content)
        path.write_bytes(stored)
        sha256 = hashlib.sha256(stored).hexdigest()
        assert (csv_scan.scan_csv(path, ext).sha256, reading.digest(path)) == (sha256, sha256)


@pytest.mark.parametrize("ext", PACK)
def test_records_across_blocks(ext: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with blocks so small that every record lies across some."""
    monkeypatch.setattr("pipeline.intake.stored.BLOCK", 7)
    rows = [
        b'"1012345678901","FORWARD","2026-01-0%d","MCA","x%dy","say ""%d"",\r\n ok"\r\n' % (n, n, n)
        for n in range(1, 10)
    ]
    head = b"mpan,direction,effective_from,scenario,supplier_mpid,unknown\r\n"
    check("migration", "full", head + b"".join(rows) + b"1,2\r\n\r\n" + b"".join(rows[:3]), ext)
    plain = [row.replace(b'"', b"").replace(b",\r\n ok", b"") for row in rows]
    check("migration", "full", head + b"".join(plain) + b"1,2\r\n\r\n" + b"".join(plain[:3]), ext)


def test_the_fast_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Regular files, and what is wrong in their rows, never need the exact reader."""
    monkeypatch.setattr(reading, "_exact", _forbidden)
    for end in (b"\n", b"\r\n"):
        lines = [MIGRATION.strip(), ROW.strip(), b"", b"1,2", ROW.strip(), b'"1","x\ny",""""', b"1"]
        check("migration", "full", end.join(lines) + end)
        check("migration", "full", b"\xef\xbb\xbf" + end.join(lines), "csv.gz")


def test_lines_too_long_by_empty_fields_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by their commas, even where a shorter line beside them makes up for these."""
    monkeypatch.setattr(reading, "_exact", _forbidden)
    good = [ROW.strip().replace(b"012", b"%03d" % n) for n in range(12)]
    odd = [
        good[0] + b",",
        good[5] + b',""',
        b'"1","a,b",""","""',
        b"1,2",
        good[3] + b",,",
        b",,,,,",
    ]
    for end in (b"\n", b"\r\n"):
        for number in range(len(odd)):
            lines = [MIGRATION.strip(), *good[:6], *odd[number:], b"", *good[6:], *odd[:number]]
            check("migration", "full", end.join(lines) + end, "csv.zst" if number == 1 else "csv")
        # As many commas as there should be: that a line is lost tells that another is too long.
        check("migration", "full", end.join([MIGRATION.strip(), good[0] + b",", b"1,2", good[1]]))
        check("migration", "full", end.join([MIGRATION.strip(), b"1,2", good[0] + b",", good[1]]))
    head = MIGRATION.strip()
    everywhere = b",\n".join([head, *good, *good[:3]]).replace(head + b",", head)
    check("migration", "full", everywhere)
    check("migration", "full", MIGRATION.replace(b"\n", b",\n") + b",\n".join(good))


def test_of_many_rows_the_right_ones_are_too_long() -> None:
    """DuckDB reads in parallel and yet gives rows in order, on which their places rest."""
    rows = [b"1%012d,FORWARD,2026-01-01\n" % n for n in range(1_200_000)]
    odd = [7, 8, 499_999, 500_000, 1_199_998]
    for place in odd:
        rows[place] = rows[place].strip() + b",\n"
    with tempfile.TemporaryDirectory() as name:
        folder = Folder(Path(name))
        folder.put("migration_full_20260101.csv", MIGRATION + b"".join(rows))
        (outcome,) = load(folder.landing, folder.warehouse, threads=4).files
        assert (outcome.lines, outcome.quarantined) == (1_200_000, len(odd))
        quarantined = folder.query(
            "SELECT line, reason, row_text || chr(10) FROM raw.quarantined_row ORDER BY 1"
        )
        assert quarantined == [(n + 2, "FIELD_COUNT", rows[n].decode()) for n in odd]
        kept = folder.query("SELECT count(*), count(DISTINCT mpan) FROM raw.migration")
        lost = ", ".join(str(10**12 + n) for n in odd)
        assert kept == [(1_199_995, 1_199_995)]
        assert folder.query(f"FROM raw.migration WHERE mpan IN ({lost})") == []


def test_what_arrow_reads_otherwise_is_read_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    """If Arrow and the index do not count the same records, the exact reader decides."""
    used = []
    exact, records = reading._exact, csv_bulk.BulkCsv._records
    monkeypatch.setattr(reading, "_exact", lambda *a: used.append(a) or exact(*a))
    monkeypatch.setattr(
        csv_bulk.BulkCsv,
        "_records",
        lambda self: (replace(r, data=r.data[r.data.index(b"\n") + 1 :]) for r in records(self)),
    )
    check("migration", "full", MIGRATION + ROW + ROW.replace(b"FORWARD", b"REVERSE") + ROW)
    assert used


def test_a_guessed_date_form_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first rows have one form, most rows another."""
    monkeypatch.setattr("pipeline.intake.staging._SAMPLE", 2)
    rows = [b"1012345678901,FORWARD,%s\n" % day for day in (b"20260101", b"20260102")]
    rows += [b"1012345678901,FORWARD,2026-01-0%d\n" % n for n in (1, 2, 3)]
    check("migration", "full", MIGRATION + b"".join(rows))
    check("migration", "full", MIGRATION + b"".join(rows[:-1]))  # a tie
    rows = [b"1012345678901,FORWARD,2026-01-01\n"] * 2 + [b"1012345678901,FORWARD,01/02/2026\n"] * 2
    check("migration", "full", MIGRATION + b"".join(rows))


def test_key_hashes_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.intake.staging._SLICE", 3)
    rows = [b"101234567890%d,FORWARD,2026-01-0%d\n" % (n % 4, n % 2 + 1) for n in range(12)]
    check("migration", "full", MIGRATION + b"".join(rows))


def test_every_line_at_fault_and_every_line_twice() -> None:
    bad = b"".join(b"%d,FORWARD,2026-01-01\n" % (n // 2) for n in range(3000))
    check("migration", "full", MIGRATION + bad)
    short = b"".join(b"%d,FORWARD\n" % (n // 2) for n in range(3000))
    check("migration", "full", MIGRATION + short)
    twice = b"".join(b"1%012d,FORWARD,2026-01-01\n" % (n // 2) for n in range(3000))
    check("migration", "full", MIGRATION + twice)


def test_layout_refuses_what_it_does_not_understand() -> None:
    for text in (
        b'a"b\n',
        b'"a"b\n',
        b'x,"\n',
        b'""a\n',
        b'a""\n',
        b"a\rb\n",
        b"a\r\nb\n",
        b'"a" \n',
    ):
        with pytest.raises(layout.Irregular):
            layout.lay_out(text)


def test_parquet_of_text_reads_as_csv() -> None:
    """The same rows as Parquet have the same fate; lines count from 2."""
    content = MIGRATION + ROW + ROW + b"101,FORWARD,2026-01-01\n1012345678902,X,2026-01-01\n"
    options = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(("mpan", "direction", "effective_from"), "string")
    )
    table = pyarrow.csv.read_csv(io.BytesIO(content), convert_options=options)
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink)
    outcome, accepted, quarantined, _ = take("migration", "full", sink.getvalue(), "parquet")
    expected = oracle.read(content, "migration", "full")
    assert quarantined == expected.quarantined
    assert accepted == expected.accepted
    assert (outcome.lines, outcome.repeated) == (4, 1)


@pytest.mark.parametrize("ext", ["csv", "csv.gz", "csv.zst"])
@pytest.mark.parametrize(
    "after", ["emptied", "cut", "noise", "longer", "other line ends", "quotes"]
)
def test_a_file_written_to_after_its_scan_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ext: str, after: str
) -> None:
    """Whatever is found in place of what was scanned, the next run takes it; no traceback."""
    content = MIGRATION + b"".join(b"%d,FORWARD,2026-01-01\n" % (10**12 + n) for n in range(20_000))
    packed = PACK[ext](content)
    then = {
        "emptied": b"",
        "cut": packed[: len(packed) // 2],
        "noise": random.Random(1).randbytes(len(packed)),
        "longer": PACK[ext](content * 2),
        "other line ends": PACK[ext](content.replace(b"\n", b"\r\n", 500).replace(b"1", b"\r", 7)),
        "quotes": PACK[ext](content.replace(b"FORWARD", b'FOR"ARD')),
    }[after]
    folder = Folder(tmp_path)
    path = folder.put(f"migration_full_20260101.{ext}", packed)
    take = reading.Ahead.take

    def take_then_write(*arguments: Any) -> Any:
        found = take(*arguments)
        path.write_bytes(then)
        return found

    monkeypatch.setattr(reading.Ahead, "take", take_then_write)
    outcome = folder.only()
    assert (outcome.outcome, outcome.lines) == ("skipped", 0)
    assert not list((folder.warehouse / "lake").glob("migration/*"))


def test_odd_rows_here_and_there_keep_their_places() -> None:
    """What the checks make of several runs goes back each to its own."""
    rows = [b"%d,FORWARD,2026-01-01\n" % (10**12 + n) for n in range(1000)]
    for n, odd in ((5, b"1,FORWARD,2026-01-01\n"), (200, b"1900000000000,FORWARD,2026-1-1\n")):
        rows[n] = odd
    rows[700] = b"1900000000001,SIDEWARD,2026-01-01\n"
    check("migration", "full", MIGRATION + b"".join(rows))
