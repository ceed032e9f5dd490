"""What reaches a terminal: no control character of others, in any encoding, to any reader."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dashboards.data import store
from pipeline.cli import main
from pipeline.daily import in_words
from pipeline.visible import visible
from tests.command import PROJECT
from tests.short import no_gate, short

CASE = PROJECT / "tests" / "golden" / "cases" / "switch_at_m14" / "landing"
# An escape sequence, a forged line, a change of direction, a C1 control, no width, no UTF-8.
HOSTILE = "\x1b[31mred\nError: forged\u202egnp\x9b1m\u200b"
NAME = f"{HOSTILE}.csv"
FORBIDDEN = re.compile("[^\n\x20-\x7e\xa1-\xac\xae-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\ud7ff]")


def _run(*arguments: str | Path, variables: dict[str, str] | None = None) -> tuple[int, str]:
    """The exit code of a command, and all that it wrote, on both streams."""
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", *map(str, arguments)],
        cwd=PROJECT,
        env={**os.environ, **(variables or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout.decode(errors="replace")


def _here(*arguments: str | Path) -> Result:
    """A command in this process, which has everything imported; its builds run models alone."""
    with no_gate():
        return CliRunner().invoke(main, [str(each) for each in arguments])


def _is_clean(said: str) -> None:
    assert FORBIDDEN.findall(said) == []
    assert "Traceback" not in said
    assert not re.search("^Error: forged", said, re.M)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a plain name, é and 漢", "a plain name, é and 漢"),
        (HOSTILE, r"\x1b[31mred\nError: forged\u202egnp\x9b1m\u200b"),
        ("\ufeffa\u2028b\u2066c\u00adde\t\r\x00", r"\ufeffa\u2028b\u2066c\xadde\t\r\x00"),
        ("caf\udce9", r"caf\xe9"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(shown) == shown


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A landing folder with hostile names of files and participants, and its warehouse."""
    root = tmp_path_factory.mktemp("terminal")
    landing, warehouse = root / "landing", root / "warehouse"
    shutil.copytree(CASE, landing)
    (landing / "registration" / NAME).write_text("x\n")
    (landing / "registration" / f"registration_full_20261101_{HOSTILE}.csv").write_text("x\n")
    (landing / NAME).write_text("x\n")
    (landing / f"odd-{HOSTILE}").mkdir()
    (landing / f"odd-{HOSTILE}" / "a.csv").write_text("x\n")
    bad = landing / "registration" / "registration_delta_20261109_07.csv"
    bad.write_text(f'change_type,mpan,"{HOSTILE}"\nU,"{HOSTILE}",1\n')
    participants = next((landing / "participant").iterdir())
    text = participants.read_text()
    names = participants.read_text().splitlines()[0].split(",")
    at = names.index("participant_name")
    rows = [line.split(",") for line in text.splitlines()[1:]]
    rows[0][at] = f'"{HOSTILE}"'
    participants.write_text("\n".join(",".join(row) for row in [names, *rows]) + "\n")
    short("run", "--landing", landing, "--warehouse", warehouse, expect=7)
    return landing, warehouse


def test_every_command_with_hostile_names(hostile: tuple[Path, Path], tmp_path: Path) -> None:
    landing, warehouse = hostile
    away = tmp_path / f"away-{HOSTILE}"
    with_names = "select participant_name, file from dim_participant, rpt_load limit 99"
    commands: Sequence[tuple[str | Path, ...]] = [
        ("load", "--landing", landing, "--warehouse", tmp_path / "w"),
        ("load", "--landing", landing, "--warehouse", away),
        ("load", "--check", landing / "registration" / NAME),
        ("load", "--check", landing / "registration" / "registration_delta_20261109_07.csv"),
        ("load", "--landing", away / "nowhere"),
        ("run", "--landing", landing, "--warehouse", warehouse),
        ("daily", "--landing", landing, "--warehouse", away, "--day", "2026-11-09"),
        ("publish", "--list", "--warehouse", warehouse, "--parquet", away / "parquet"),
        ("info", "--warehouse", warehouse),
        ("info", "--warehouse", away / "none"),
        ("info", "--warehouse", warehouse, f"--{HOSTILE}"),
        ("sql", "--warehouse", warehouse, with_names),
        ("sql", "--warehouse", warehouse, f'select 1 as "{HOSTILE}"'),
        ("sql", "--warehouse", warehouse, f"select '{HOSTILE}' as a, {HOSTILE!r}, nonsense("),
        ("sql", "--warehouse", warehouse, with_names, "--out", tmp_path / NAME),
        ("export", "--warehouse", warehouse, "--out", tmp_path / f"list-{NAME}"),
        ("export", "--warehouse", warehouse, "--out", tmp_path / f"list-{HOSTILE}"),
        ("export", "--warehouse", warehouse, "--filter", HOSTILE, "--out", tmp_path / "a.csv"),
        ("report", "--warehouse", warehouse, "--out", tmp_path / f"{HOSTILE}.pdf"),
        ("verify", "--warehouse", warehouse, HOSTILE),
        ("rollback", "--warehouse", warehouse, HOSTILE),
        ("compare", "--warehouse", warehouse, HOSTILE),
        ("contract", "--sample", away / "sample"),
        (HOSTILE,),
    ]
    for words in commands:
        done = _here(*words)
        assert done.exit_code in {0, 2, 3, 4, 6, 7, 8}, (words, done.output, done.exception)
        assert isinstance(done.exception, SystemExit | None), words
        _is_clean(done.output)


def test_notices_and_summaries() -> None:
    words = in_words(
        {
            "as_of": "2026-11-10",
            "publication_id": "id",
            "headline": dict.fromkeys(
                (
                    *("points_not_qualified", "live_metering_points", "suppliers_qualified"),
                    *("suppliers", "open_breaches"),
                ),
                1,
            ),
            "new_breaches": 1,
            "escalated_to_breach": 0,
            "is_first_of_contract": False,
            "rules": [],
            "changes_by_cause": {},
            "refused": [],
            "accepted_loss": [],
            "faulty_files": [
                {"file": HOSTILE, "outcome": "refused", "error": "BAD_NAME", "quarantined": 0}
            ],
        }
    )
    _is_clean("\n".join(words))
    assert len(words) == 4


ENCODINGS: list[dict[str, str]] = [
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "latin-1"},
    {"LANG": "C", "LC_ALL": "C"},
]


@pytest.mark.parametrize("variables", ENCODINGS, ids=["ascii", "latin-1", "locale C"])
def test_other_encodings(
    fixture_warehouse: Path, tmp_path: Path, variables: dict[str, str]
) -> None:
    landing = tmp_path / "landing-ü漢"
    shutil.copytree(CASE, landing)
    (landing / "registration" / "ü漢.csv").write_text("x\n")
    (landing / "registration" / os.fsdecode(b"\xff.csv")).write_text("x\n")
    for words, expected in [
        (("load", "--landing", landing, "--warehouse", tmp_path / "ü漢"), {0, 7}),
        (("load", "--landing", landing, "--warehouse", tmp_path / "ü漢", "--json"), {0, 7}),
        (("info", "--warehouse", tmp_path / "ü漢"), {4}),
        (("sql", "--warehouse", fixture_warehouse, "select 'ü漢' as \"ü漢\""), {0}),
        (("sql", "--warehouse", fixture_warehouse, "select 'ü漢' as \"ü漢\"", "--json"), {0}),
        (("contract",), {0}),
        (("--help",), {0}),
    ]:
        code, said = _run(*words, variables=variables)
        assert "Traceback" not in said
        assert code in expected, said


def _without_reader(*arguments: str | Path, closed: str) -> tuple[int, str]:
    """A command whose output or errors go to a pipe that nothing reads any more."""
    receiver, sender = os.pipe()
    os.close(receiver)
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *map(str, arguments)],
        cwd=PROJECT,
        stdout=sender if closed == "stdout" else subprocess.PIPE,
        stderr=sender if closed == "stderr" else subprocess.PIPE,
    )
    os.close(sender)
    said, told = process.communicate()
    return process.returncode, (told if closed == "stdout" else said).decode()


@pytest.mark.parametrize("as_json", [(), ("--json",)], ids=["words", "json"])
def test_a_closed_pipe(
    hostile: tuple[Path, Path], tmp_path: Path, as_json: tuple[str, ...]
) -> None:
    """As with `| head`: the exit code of other programs, and not that of a failed gate."""
    at = ("--warehouse", hostile[1], *as_json)
    for words in [
        ("info", *at),
        ("sql", *at, "from range(10)"),
        ("verify", *at),
        ("publish", "--list", *at),
        ("contract", *as_json),
        ("--help",),
        ("--version",),
        ("info", "--help"),
    ]:
        assert _without_reader(*words, closed="stdout") == (141, ""), words
    code, said = _without_reader("info", "--warehouse", tmp_path, closed="stderr")
    assert (code, said) == (141, "")


def test_streams_that_are_not_there(fixture_warehouse: Path) -> None:
    """Descriptors 0 to 2 are taken, so that no database gets one of them."""
    words = f"{sys.executable} -m pipeline info --json --warehouse {fixture_warehouse}"
    for closed in (">&-", "2>&-", "<&- >&- 2>&-"):
        assert subprocess.run(f"{words} {closed}", shell=True, cwd=PROJECT).returncode == 0


def _strict(text: str) -> Any:
    """JSON as RFC 8259 has it."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    assert text.isascii()
    return json.loads(text, parse_constant=refuse)


def test_all_json_is_json(hostile: tuple[Path, Path], tmp_path: Path) -> None:
    landing, warehouse = hostile
    store._database.clear()  # what pages of other tests in this process keep open
    where, new = ("--warehouse", warehouse), ("--warehouse", tmp_path / "w")
    made = ("--from", "2026-10-01", "--to", "2026-10-02", "--landing", tmp_path / "made")
    daily = ("daily", "--landing", landing, "--expect", "registration")
    publication = min((warehouse / "published").glob("*.duckdb"))
    for words, codes in [
        (("simulate", "--points", "3000", *made), {0}),
        (("contract",), {0}),
        (("load", "--landing", landing, *new), {0, 7}),
        (("load", "--check", landing / "registration" / NAME), {3}),
        ((*daily, "--day", "2026-11-08", *new), {6}),
        ((*daily, "--day", "2026-11-10", *where), {0, 7}),
        (("run", "--landing", landing, *where), {0, 7}),
        (("publish", "--list", *where), {0}),
        (("info", *where), {0}),
        (("verify", "--all", *where), {0}),
        (("compare", publication.stem, *where), {0}),
        (("rollback", *where), {0}),
        (("export", "--out", tmp_path / f"list-{NAME}", *where), {0}),
        (("report", "--out", tmp_path / f"{HOSTILE}.pdf", *where), {0}),
        (("sql", "--out", tmp_path / NAME, "select 1 as a", *where), {0}),
    ]:
        done = _here(*words, "--json")
        assert done.exit_code in codes, (words, done.stderr)
        assert _strict(done.stdout), words
        _is_clean(done.stderr)


def test_verify_says_what_is_wrong_as_json(fixture_warehouse: Path, tmp_path: Path) -> None:
    root = shutil.copytree(fixture_warehouse, tmp_path / "w")
    for path in (root / "published").glob("*.manifest.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"sha256": "another"}))
    done = _here("verify", "--json", "--all", "--warehouse", root)
    document = _strict(done.stdout)
    assert done.exit_code == 3
    assert [each["as_of"] for each in document["publications"]]
    assert len(document["faults"]) == len(document["publications"])
    assert "sha256 differs" in done.stderr


VALUES = {
    "date '9999-12-31' + interval 1 day": "10000-01-01 00:00:00",
    "date '9999-12-31' + 1": "10000-01-01",
    "'infinity'::date": "infinity",
    "'-infinity'::timestamp": "-infinity",
    "'infinity'::timestamptz": "infinity",
    "date '0044-03-15 (BC)'": "0044-03-15 (BC)",
    "timestamp_ns '2026-01-01'": "2026-01-01 00:00:00",
    "timestamptz '2026-01-01 10:00:00+01:00'": "2026-01-01 09:00:00+00",
    "interval '300000 years'": "300000 years",
    "time '24:00:00'": "24:00:00",
    "[date '9999-12-31' + 1, null]": ["10000-01-01", None],
    "[['infinity'::timestamp]]": [["infinity"]],
    "{'a': date '9999-12-31' + 1}": None,
    "map {'a': 'nan'::double}": None,
    "170141183460469231731687303715884105727::hugeint": 2**127 - 1,
    "340282366920938463463374607431768211455::uhugeint": str(2**128 - 1),
    "[170141183460469231731687303715884105727::hugeint]": [2**127 - 1],
    "sum(5::bigint)": 5,
    "1.50::decimal(9,2)": "1.50",
    "'nan'::double": None,
    "['infinity'::double, 1.5]": [None, 1.5],
    "'nan'::float": None,
    "'\\xff'::blob": "\\xFF",
    "'10101'::bit": "10101",
    "true": True,
    "null": None,
    "chr(27)": "\x1b",
}


def test_any_value_as_a_table_and_as_json(fixture_warehouse: Path) -> None:
    statement = "select " + ", ".join(f"{each} as v{i}" for i, each in enumerate(VALUES))
    done = _here("sql", "--warehouse", fixture_warehouse, statement)
    assert done.exit_code == 0, done.output
    _is_clean(done.output)
    done = _here("sql", "--json", "--warehouse", fixture_warehouse, statement)
    found = json.loads(done.stdout, parse_constant=pytest.fail)
    for i, (value, expected) in enumerate(VALUES.items()):
        if value[0] not in "{m":  # structs and maps are text, as DuckDB writes it
            assert found[f"v{i}"] == expected, value


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("export", "--out", "a.xlsx"), b"PK"),
        (("export", "--out", "A.XLSX"), b"PK"),
        (("export", "--out", "a.parquet"), b"PAR1"),
        (("export", "--out", "a.csv"), b"\xef\xbb\xbf"),
        (("export", "--out", "a.txt", "--format", "csv"), b"\xef\xbb\xbf"),
        (("export", "--out", "a.xlsx", "--format", "csv"), None),
        (("export", "--out", "a.csv", "--format", "parquet"), None),
        (("export", "--out", "a.txt"), None),
        (("export", "--out", "a"), None),
        (("sql", "select 1", "--out", "a.PARQUET"), b"PAR1"),
        (("sql", "select 1", "--out", "a.xlsx"), None),
        (("report", "--out", "a.csv"), None),
    ],
)
def test_a_file_is_what_its_name_says(
    fixture_warehouse: Path, tmp_path: Path, words: tuple[str, ...], expected: bytes | None
) -> None:
    path = tmp_path / words[words.index("--out") + 1]
    arguments = [path if word == path.name else word for word in words]
    done = _here(*arguments, "--warehouse", fixture_warehouse)
    if expected is None:
        assert done.exit_code == 2
        assert not path.exists()
        assert "Error: The file name" in done.output
    else:
        assert done.exit_code == 0, done.output
        assert path.read_bytes().startswith(expected)


def test_version() -> None:
    said = _here("--version").stdout
    assert re.fullmatch(
        r"mhhs-readiness [\d.]+ \(code (\w+), contract \d+, DuckDB [\d.]+\)\n", said
    )
