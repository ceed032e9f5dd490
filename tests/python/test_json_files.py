"""JSON files that are read back: whatever they hold, a command answers with a sentence.

Each is replaced by random JSON and random bytes, and by the right document with one value changed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards import audit, data, exporting, saved_queries
from dashboards.auth import LOCAL_USER
from dashboards.components import frame
from pipeline import comparison, increment, json_files
from pipeline.cli import main
from pipeline.intake.log import BrokenLog, Entry, LoadLog
from pipeline.intake.manifest import BadManifest, read_manifest
from pipeline.layout import Warehouse
from pipeline.publication import publications
from pipeline.publication_log import BrokenLog as BrokenPublicationLog
from pipeline.publication_log import last_instant
from tests.fixture_publication import AFTER, BEFORE, add_failure, publication_id

ODD = [
    *(b"", b"\xff\xfe", b"null", b"[]", b"{}", b'""', b"0", b"NaN", b"\x00" * 8, b'{"a":'),
    b'{"publication_id": null}',
    b'{"as_of": [], "failed_at": 1, "failures": {}}',
    b'"\\ud800"',
    b"[" * 5000,
    b"9" * 5000,
]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
CONTENTS = (
    st.sampled_from(ODD)
    | st.binary(max_size=60)
    | _JSON.map(lambda document: json.dumps(document).encode())
)
CHANGES = st.tuples(st.integers(0, 10_000), _JSON)
TRIALS = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def whole(fixture_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = shutil.copytree(fixture_warehouse, tmp_path_factory.mktemp("whole") / "warehouse")
    add_failure(root)
    (root / "sound").mkdir()
    for path in (root / "published").glob("*.json"):
        shutil.copy(path, root / "sound")
    return root


@pytest.fixture
def warehouse(whole: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    """The fixture's warehouse; files that a test damages are put back."""
    monkeypatch.setenv("MHHS_TODAY", "2026-11-11")
    monkeypatch.setenv("MHHS_WAREHOUSE", str(whole))
    kept = {
        path: path.read_bytes()
        for path in (whole / "published").iterdir()
        if path.suffix != ".duckdb"
    }
    yield Warehouse(whole)
    for path, content in kept.items():
        path.write_bytes(content)


def answers(*words: str | Path) -> int:
    """The exit code of a command that must not end in a traceback."""
    done = CliRunner().invoke(main, [str(each) for each in words])
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    assert "Traceback" not in done.output
    return done.exit_code


def changed(document: Any, place: int, value: Any) -> Any:
    """The document with one of its values, however deep, replaced or removed."""
    whole: Any = json.loads(json.dumps(document))
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        keys = node.keys() if isinstance(node, dict) else range(len(node))
        for key in list(keys):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    walk(whole)
    node, key = places[place % len(places)]
    if value is None and isinstance(node, dict):
        del node[key]
    else:
        node[key] = value
    return whole


def damage(path: Path, what: bytes | tuple[int, Any]) -> None:
    """Write what is given, or the sound document with one value changed."""
    if isinstance(what, tuple):
        sound = (path.parent.parent / "sound" / path.name).read_bytes()
        what = json.dumps(changed(json.loads(sound), *what)).encode()
    path.write_bytes(what)


def test_a_damaged_pointer_ends_with_4(warehouse: Warehouse) -> None:
    for content in (b"\xff\xfe", b"", b"null", b"\x00", b"../../etc/passwd", b"x" * 10_000):
        warehouse.current_pointer.write_bytes(content)
        for words in (("info",), ("sql", "select 1"), ("publish", "--list"), ("verify",)):
            assert answers(*words, "--warehouse", warehouse.root) == 4
    assert not any(view.is_current for view in data.store.kept())


@TRIALS
@given(content=CONTENTS)
def test_any_pointer(warehouse: Warehouse, content: bytes) -> None:
    warehouse.current_pointer.write_bytes(content)
    assert answers("info", "--warehouse", warehouse.root) == 4


@TRIALS
@given(what=CONTENTS | CHANGES)
def test_any_manifest(warehouse: Warehouse, what: bytes | tuple[int, Any]) -> None:
    """A damaged one is not shown; one that passes the schema is printed without a traceback."""
    damage(warehouse.manifest(publication_id(AFTER)), what)
    for words in (("info",), ("info", "--json"), ("publish", "--list"), ("verify", "--all")):
        assert answers(*words, "--warehouse", warehouse.root) in (0, 3, 4)
    assert [view.publication_id for view in data.store.kept()] == [
        each.publication_id for each in publications(warehouse)
    ]


@pytest.mark.parametrize("content", ODD)
def test_a_damaged_manifest_is_not_shown_and_named(warehouse: Warehouse, content: bytes) -> None:
    path = warehouse.manifest(publication_id(AFTER))
    path.write_bytes(content)
    assert answers("info", "--warehouse", warehouse.root) == 4
    assert [each.as_of for each in publications(warehouse)] == [BEFORE]
    done = CliRunner().invoke(main, ["verify", "--all", "--warehouse", str(warehouse.root)])
    assert done.exit_code == 3
    assert f"{path.name} cannot be read" in done.output


def test_a_manifest_of_another_publication_is_not_shown(warehouse: Warehouse) -> None:
    other = warehouse.manifest(publication_id(BEFORE)).read_bytes()
    warehouse.manifest(publication_id(AFTER)).write_bytes(other)
    assert [each.as_of for each in publications(warehouse)] == [BEFORE]


@TRIALS
@given(what=CONTENTS | CHANGES)
def test_any_last_failure(warehouse: Warehouse, what: bytes | tuple[int, Any]) -> None:
    damage(warehouse.last_failure, what)
    for words in (("info",), ("info", "--json"), ("verify",)):
        assert answers(*words, "--warehouse", warehouse.root) in (0, 3)
    for view in data.store.kept():
        failure = frame.last_failure(view)
        if failure is not None:
            frame._failure_words(failure)


LINE = {
    "publication_id": publication_id(AFTER),
    "as_of": "2026-11-10",
    "built_at": "2026-11-23T14:15:00+00:00",
    "gate": "failed",
    "duration_seconds": 12.5,
    "tests": {"passed": 214, "failed": 1},
    "marts": {"dim_rule": {"rows": 3, "checksum": "0"}},
    "failures": [{"test": "a", "message": "b", "rows": [{"c": "d"}]}],
}


@TRIALS
@given(what=CONTENTS | CHANGES)
def test_any_line_of_the_publication_log(tmp_path: Path, what: bytes | tuple[int, Any]) -> None:
    log = Warehouse(tmp_path).publication_log
    log.parent.mkdir(exist_ok=True)
    content = json.dumps(changed(LINE, *what)).encode() if isinstance(what, tuple) else what
    log.write_bytes(content + b"\n")
    try:
        last_instant(Warehouse(tmp_path))
    except BrokenPublicationLog as error:
        assert str(log) in str(error)


ENTRY = {
    "file": "stage/stage_full_20261110.csv",
    "extract": "stage",
    "sha256": "0",
    "kind": "full",
    "business_date": "2026-11-10",
    "sequence": 0,
    "rows": "lake/stage/x.parquet",
    "ignored": [["IF-001", "x", 2]],
    "stamp": [1, 2],
}


@TRIALS
@given(what=CONTENTS | CHANGES)
def test_any_line_of_the_load_log(tmp_path: Path, what: bytes | tuple[int, Any]) -> None:
    log = tmp_path / "history" / "load_log.jsonl"
    log.parent.mkdir(exist_ok=True)
    content = json.dumps(changed(ENTRY, *what)).encode() if isinstance(what, tuple) else what
    log.write_bytes(content + b"\n")
    try:
        entries = LoadLog(tmp_path).entries
    except BrokenLog as error:
        assert str(log) in str(error)
    else:
        assert all(isinstance(each, Entry) for each in entries)


def test_a_load_log_names_nothing_outside_the_lake(tmp_path: Path) -> None:
    log = tmp_path / "history" / "load_log.jsonl"
    log.parent.mkdir()
    for place in ("/etc/passwd", "lake/../../x", "published/x.parquet", "lake/\0"):
        log.write_text(json.dumps(ENTRY | {"rows": place}) + "\n")
        with pytest.raises(BrokenLog, match="outside the lake"):
            LoadLog(tmp_path)


@TRIALS
@given(content=CONTENTS)
def test_any_manifest_of_a_landing_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.manifest.json"
    path.write_bytes(content)
    try:
        manifest = read_manifest(path)
    except BadManifest:
        return
    assert manifest.sha256 is None or manifest.sha256.encode()


@TRIALS
@given(content=CONTENTS)
def test_any_note_of_a_reusable_build(tmp_path: Path, content: bytes) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.standing.parent.mkdir(exist_ok=True)
    warehouse.standing.write_bytes(content)
    with pytest.raises(increment._Afresh, match="is damaged"):
        increment._standing(warehouse)


@TRIALS
@given(content=CONTENTS)
def test_any_file_that_pages_read(warehouse: Warehouse, tmp_path: Path, content: bytes) -> None:
    """A damaged file is as good as none: pages offer to make it again, or show less."""
    before, after = publications(warehouse)[::-1]
    target = comparison.path_of(warehouse, before, after)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.with_suffix(".parquet").touch()
    target.write_bytes(content)
    assert comparison.known(warehouse, before, after) is None

    path = tmp_path / "x.manifest.json"
    path.write_bytes(content)
    assert exporting.known_manifest(path) is None

    queries = saved_queries._path(LOCAL_USER)
    queries.parent.mkdir(parents=True, exist_ok=True)
    queries.write_bytes(content)
    assert saved_queries.of(LOCAL_USER) == []
    with pytest.raises(saved_queries.NotSaved, match="cannot be read"):
        saved_queries.save(LOCAL_USER, "name", "select 1")
    assert queries.read_bytes() == content

    path.write_bytes(content)
    assert list(audit.lines(path)) == []

    words = warehouse.dictionary(after.publication_id)
    words.write_bytes(content)
    view = next(each for each in data.store.kept() if each.publication_id == after.publication_id)
    assert not data.dictionary.load(view).is_whole
    words.unlink()


@pytest.mark.parametrize(
    "schema", json_files._Known.__subclasses__() + json_files._Open.__subclasses__()
)
def test_every_schema_refuses_what_it_cannot_be(schema: Any) -> None:
    for content in (b"null", b"[]", b"\xff\xfe", b"1"):
        with pytest.raises(ValueError):
            json_files.parse(content, schema)


def test_days_are_days() -> None:
    assert json_files._day("2026-11-10") == date(2026, 11, 10).isoformat()
    for text in ("20261110", "2026-W01-1", "0001-01-01", "9999-12-31", "1794268800", ""):
        with pytest.raises(ValueError):
            json_files._day(text)


def test_a_manifest_may_name_what_was_never_opened() -> None:
    file = {"file": "stage/a", "sha256": None, "outcome": "refused", "error": "NOT_A_FILE"}
    assert json_files.KnownFile.model_validate(file).sha256 is None
