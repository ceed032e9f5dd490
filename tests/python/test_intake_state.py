"""The state as known on a day: it depends on the set of files, not on how they came."""

from __future__ import annotations

import json
import os
import random
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.contracts import EXTRACTS, Column, Extract
from pipeline.intake import create_state_views, load, newest_registration_date
from pipeline.intake.log import LOG_PATH, BrokenLog

FAR = date(2030, 1, 1)
HEAD = "mpan,direction,effective_from,supplier_mpid\n"


def row(key: int, supplier: str = "ZALL") -> str:
    return f"{10**12 + key},FORWARD,2026-01-01,{supplier}\n"


def full(*rows: str) -> str:
    return HEAD + "".join(rows)


def delta(*changes: tuple[str, str]) -> str:
    return "change_type," + HEAD + "".join(f"{change},{text}" for change, text in changes)


class Folder:
    """A landing folder and a warehouse; `put` takes `full 1`, `delta 2 03`: kind, day, sequence."""

    def __init__(self, root: Path) -> None:
        self.landing, self.warehouse = root / "landing", root / "warehouse"
        (self.landing / "migration").mkdir(parents=True)

    def path(self, what: str) -> Path:
        kind, day, *sequence = what.split()
        name = "_".join(["migration", kind, f"202601{int(day):02}", *sequence])
        return self.landing / "migration" / f"{name}.csv"

    def put(self, what: str, text: str, extracted_at: str | None = None) -> None:
        path = self.path(what)
        path.write_text(text)
        if extracted_at is not None:
            manifest = {"extracted_at": extracted_at}
            path.with_name(path.name + ".manifest.json").write_text(json.dumps(manifest))

    def load(self, **options: Any) -> dict[str, str]:
        summary = load(self.landing, self.warehouse, threads=1, **options)
        return {o.file.split("_", 1)[1][:-4]: o.error or o.outcome for o in summary.files}

    def query(self, sql: str, as_of: date = FAR) -> list[tuple[Any, ...]]:
        with duckdb.connect() as connection:
            create_state_views(connection, self.warehouse, as_of)
            return connection.execute(sql).fetchall()

    def state(self, day: int = 31) -> dict[int, str]:
        rows = self.query("SELECT mpan, supplier_mpid FROM raw.migration", date(2026, 1, day))
        state = {mpan - 10**12: supplier for mpan, supplier in rows}
        assert len(state) == len(rows)
        return state

    def outcomes(self, day: int = 31) -> dict[str, str]:
        rows = self.query("SELECT file, coalesce(error, outcome) FROM raw.load", date(2026, 1, day))
        return {file.split("_", 1)[1][:-4]: outcome for file, outcome in rows}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def told_type(extract: Extract, column: Column) -> str:
    """As DuckDB writes it."""
    kind = extract.type_inside(column).replace("ENUM (", "ENUM(")
    return kind.replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")


def test_nothing_at_all(tmp_path: Path) -> None:
    """Empty, typed relations."""
    with duckdb.connect() as connection:
        create_state_views(connection, tmp_path, FAR)
        for extract in EXTRACTS.values():
            described = connection.execute(f"DESCRIBE raw.{extract.name}").fetchall()
            types = [(column.name, told_type(extract, column)) for column in extract.columns]
            assert [d[:2] for d in described] == [*types, ("load_id", "INTEGER")]
        assert connection.execute("SELECT count(*) FROM raw.load").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM raw.quarantined_row").fetchone() == (0,)
    assert newest_registration_date(tmp_path) is None


def test_types_with_a_full_and_with_deltas(folder: Folder) -> None:
    described = []
    for what, text in (("full 1", full(row(1))), ("delta 2", delta(("U", row(2))))):
        folder.put(what, text)
        folder.load()
        described.append([column[:2] for column in folder.query("DESCRIBE raw.migration")])
    assert described[0] == described[1]
    assert described[0][0] == ("mpan", "BIGINT")


def test_full_and_deltas_in_order(folder: Folder) -> None:
    folder.put("full 10", full(row(1), row(2), row(3)))
    folder.put("delta 9", delta(("D", row(1))))
    folder.put("delta 10", delta(("D", row(1))))
    folder.put("delta 11 02", delta(("U", row(2, "ZTWO")), ("U", row(4))))
    folder.put("delta 11 01", delta(("U", row(2, "ZONE")), ("D", row(4))))
    folder.put("delta 12", delta(("D", row(3)), ("D", row(99))))
    folder.put("delta 13", delta(("U", row(3, "ZNEW"))))
    folder.put("full 20", full(row(7), row(8), row(9)))
    folder.load()
    assert folder.state(8) == {}
    assert folder.state(9) == {}
    assert folder.state(10) == {1: "ZALL", 2: "ZALL", 3: "ZALL"}
    assert folder.state(11) == {1: "ZALL", 2: "ZTWO", 3: "ZALL", 4: "ZALL"}
    assert folder.state(12) == {1: "ZALL", 2: "ZTWO", 4: "ZALL"}
    assert folder.state(13) == {1: "ZALL", 2: "ZTWO", 3: "ZNEW", 4: "ZALL"}
    assert folder.state(20) == {7: "ZALL", 8: "ZALL", 9: "ZALL"}
    early, late = folder.outcomes(13), folder.outcomes(20)
    superseded = {name for name, outcome in early.items() if outcome == "superseded"}
    assert superseded == {"delta_20260109", "delta_20260110"}
    assert {o for name, o in late.items() if name.startswith("delta")} == {"superseded"}
    assert folder.outcomes(9)["delta_20260109"] == "accepted"


def test_deltas_without_a_full(folder: Folder) -> None:
    folder.put("delta 1", delta(("U", row(1)), ("U", row(2))))
    folder.put("delta 2", delta(("D", row(1))))
    folder.load()
    assert folder.state() == {2: "ZALL"}


def test_the_greatest_sequence_of_a_day_is_its_full(folder: Folder) -> None:
    folder.put("full 1 02", full(row(2)))
    folder.put("full 1", full(row(1)))
    folder.load()
    assert folder.state() == {2: "ZALL"}


def test_load_id_names_the_file_of_each_row(folder: Folder) -> None:
    folder.put("full 1", full(row(1), row(2)))
    folder.put("delta 2", delta(("U", row(2))))
    folder.load()
    found = folder.query(
        "SELECT mpan - 1000000000000, kind FROM raw.migration JOIN raw.load USING (load_id) "
        "ORDER BY ALL"
    )
    assert found == [(1, "full"), (2, "delta")]


# Arrival


def test_shrunk_is_judged_again_whatever_arrives(folder: Folder) -> None:
    big, small = full(*map(row, range(10))), full(*map(row, range(5)))
    folder.put("full 2", small)
    assert folder.load() == {"full_20260102": "accepted"}
    folder.put("full 1", big)
    assert folder.load() == {"full_20260101": "accepted", "full_20260102": "SHRUNK"}
    assert len(folder.state()) == 10
    folder.put("full 1", small)  # a re-supply: no longer is the second one shrunk
    assert folder.load() == {"full_20260101": "accepted", "full_20260102": "skipped"}
    assert len(folder.state()) == 5
    assert sorted(o for (o,) in folder.query("SELECT outcome FROM raw.load")) == [
        "accepted", "accepted", "superseded",
    ]  # fmt: skip


def test_a_shrunk_full_is_no_measure_for_the_next(folder: Folder) -> None:
    for day, rows in ((1, 100), (2, 79), (3, 70), (4, 80), (5, 64)):
        folder.put(f"full {day}", full(*map(row, range(rows))))
    assert list(folder.load().values()) == ["accepted", "SHRUNK", "SHRUNK", "accepted", "accepted"]


def test_resupplies(folder: Folder) -> None:
    folder.put("full 1", full(row(1)))
    folder.load()
    folder.put("full 1", full(row(2)))
    assert folder.load() == {"full_20260101": "accepted"}
    assert folder.state() == {2: "ZALL"}  # the last to arrive
    folder.put("full 1", full(row(3)), "2026-01-01T10:00:00Z")
    folder.load()
    assert folder.state() == {3: "ZALL"}  # the only one that says when it was extracted
    folder.put("full 1", full(row(4)), "2026-01-01T10:30:00+01:00")
    assert folder.load() == {"full_20260101": "superseded"}
    assert folder.state() == {3: "ZALL"}  # half an hour earlier
    folder.put("full 1", "mpan\n1\n", "2026-01-01T12:00:00Z")
    assert folder.load() == {"full_20260101": "MISSING_COLUMN"}
    assert folder.state() == {3: "ZALL"}  # a refused one changes nothing
    assert len(folder.query("FROM raw.load")) == 5


def test_two_loads_skip(folder: Folder) -> None:
    folder.put("full 1", full(row(1), "1,2\n"))
    folder.put("full 2", full())
    before = folder.load()
    log = (folder.warehouse / LOG_PATH).read_bytes()
    lake = sorted(folder.warehouse.rglob("*.parquet"))
    assert before == {"full_20260101": "accepted", "full_20260102": "SHRUNK"}
    assert folder.load() == {"full_20260101": "skipped", "full_20260102": "SHRUNK"}
    assert (folder.warehouse / LOG_PATH).read_bytes() == log
    assert sorted(folder.warehouse.rglob("*.parquet")) == lake


def test_the_same_bytes_under_another_name_are_a_file_of_its_own(folder: Folder) -> None:
    folder.put("full 1", full(row(1)))
    folder.put("full 2", full(row(1)))
    assert folder.load() == {"full_20260101": "accepted", "full_20260102": "accepted"}


def test_new_content_of_the_same_size_and_time_is_seen(folder: Folder) -> None:
    folder.put("full 1", full(row(1)))
    path = folder.path("full 1")
    folder.load()
    times = path.stat()
    path.write_text(full(row(2)))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert folder.load() == {"full_20260101": "accepted"}
    assert folder.state() == {2: "ZALL"}


def test_a_settled_file_is_not_read_again(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.intake.stored._SETTLED_NS", 0)
    folder.put("full 1", full(row(1)))
    folder.load()

    def forbidden(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr("pipeline.intake.loader._Loader.judge", forbidden)
    assert folder.load() == {"full_20260101": "skipped"}


# The log


def test_a_torn_line_never_counted(folder: Folder) -> None:
    folder.put("full 1", full(row(1)))
    folder.put("full 2", full(row(2)))
    folder.load()
    log = folder.warehouse / LOG_PATH
    whole = log.read_bytes()
    first = whole.index(b"\n") + 1
    for end in (first + 1, len(whole) - 1):
        log.write_bytes(whole[:end])
        assert folder.outcomes() == {"full_20260101": "accepted"}
        assert folder.load() == {"full_20260101": "skipped", "full_20260102": "accepted"}
        assert log.read_bytes() == whole
    log.write_bytes(whole[:first] + b"garbage\n" + whole[first:])
    with pytest.raises(BrokenLog, match="Line 2"):
        folder.load()


def test_garbage_in_the_lake_is_swept(folder: Folder) -> None:
    folder.put("full 1", full(row(1)))
    folder.load()
    garbage = folder.warehouse / "lake" / "migration" / "left.parquet"
    garbage.touch()
    folder.load()
    assert not garbage.exists()
    assert folder.state() == {1: "ZALL"}


# Any order, any split

KEYS = st.integers(0, 5)
CHANGES = st.lists(
    st.tuples(st.sampled_from("UUD"), KEYS, st.sampled_from(["ZONE", "ZTWO", "ZSIX"])), max_size=5
)
FILES = st.lists(
    st.tuples(st.sampled_from(["full", "delta", "delta"]), st.integers(1, 5), CHANGES),
    max_size=6,
    unique_by=lambda file: file[:2],
)


def _text(kind: str, changes: list[tuple[str, int, str]]) -> str:
    if kind == "full":
        return full(*(row(key, supplier) for _, key, supplier in changes))
    return delta(*((change, row(key, supplier)) for change, key, supplier in changes))


def _replay(files: list[tuple[str, int, list[tuple[str, int, str]]]], day: int) -> dict[int, str]:
    """The state by the letter of the contract, for files of which none is shrunk."""
    known = [file for file in files if file[1] <= day]
    fulls = sorted((file for file in known if file[0] == "full"), key=lambda f: f[1])
    state: dict[int, str] = {}
    if fulls:
        state = {key: supplier for _, key, supplier in fulls[-1][2]}
    since = fulls[-1][1] if fulls else 0
    for _, _, changes in sorted((f for f in known if f[0] == "delta" and f[1] > since),
                                key=lambda f: f[1]):  # fmt: skip
        last = {key: (change, supplier) for change, key, supplier in changes}
        for key, (change, supplier) in last.items():
            state.pop(key, None)
            if change == "U":
                state[key] = supplier
    return state


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(FILES, st.randoms(use_true_random=False), st.integers(1, 5))
def test_any_order_of_arrival(
    files: list[tuple[str, int, list[tuple[str, int, str]]]], order: random.Random, day: int
) -> None:
    results = []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as root:
            folder = Folder(Path(root))
            arrivals = list(files)
            order.shuffle(arrivals)
            while arrivals:
                for _ in range(order.randint(1, len(arrivals))):
                    kind, when, changes = arrivals.pop()
                    folder.put(f"{kind} {when}", _text(kind, changes))
                folder.load(allow_shrunk=True)
            loads = folder.query("FROM raw.load ORDER BY ALL", date(2026, 1, day))
            rows = folder.query("FROM raw.migration ORDER BY ALL", date(2026, 1, day))
            assert folder.state(day) == _replay(files, day)
            results.append((loads, rows))
    assert results[0] == results[1]


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(CHANGES, st.lists(CHANGES, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_any_split_of_a_delta_and_the_equivalent_full(
    start: list[tuple[str, int, str]],
    batches: list[list[tuple[str, int, str]]],
    order: random.Random,
) -> None:
    """One delta, the same cut into sequences, and the full that they lead to."""
    last = {key: (change, supplier) for batch in batches for change, key, supplier in batch}
    whole = [(change, key, supplier) for key, (change, supplier) in last.items()]
    order.shuffle(whole)
    state = _replay([("full", 1, start), ("delta", 2, whole)], 2)
    supplies = [
        {"delta 2": _text("delta", whole)},
        {f"delta 2 {n:02}": _text("delta", batch) for n, batch in enumerate(batches)},
        {"full 2": full(*(row(key, supplier) for key, supplier in state.items()))},
    ]
    for supply in supplies:
        with tempfile.TemporaryDirectory() as root:
            folder = Folder(Path(root))
            folder.put("full 1", _text("full", start))
            for what, text in supply.items():
                folder.put(what, text)
            folder.load(allow_shrunk=True)
            assert folder.state() == state
