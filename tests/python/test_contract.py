"""The contract as those who produce the files read it: pages, samples, rehearsals, refusals."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.contract_pages import DOCS, SOURCES, docs_page, sources_yaml
from pipeline.contracts import EXTRACTS
from pipeline.intake import FileOutcome
from pipeline.intake.rehearsal import check
from pipeline.intake.withdrawal import withdraw
from tests.command import PROJECT, pipeline
from tests.python.dip_messages import lines, message, registered
from tests.python.intake_folder import Folder

HEAD = b"mpan,direction,effective_from\n"
ROW = b"1900012374324,FORWARD,2026-01-01\n"
PAGE = PROJECT / "docs" / "refusals.md"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_what_is_checked_in_is_what_the_contract_makes() -> None:
    assert docs_page(DOCS.read_text("utf-8")) == DOCS.read_text("utf-8"), "run `make contracts`"
    assert sources_yaml() == SOURCES.read_text("utf-8"), "run `make contracts`"


def test_the_sources_are_what_intake_makes(folder: Folder) -> None:
    yaml = SOURCES.read_text("utf-8")
    folder.put("migration_full_20260101.csv", HEAD + ROW)
    folder.load()
    for extract in EXTRACTS.values():
        found = folder.query(f"SELECT column_name FROM (DESCRIBE raw.{extract.name})")
        assert [name for (name,) in found] == [*(c.name for c in extract.columns), "load_id"]
        assert all(f"name: {column.name}\n" in yaml for column in extract.columns)


def test_the_contract_in_words_and_for_machines() -> None:
    words = pipeline("contract").stdout
    assert max(map(len, words.splitlines())) <= 80
    documents = json.loads(pipeline("contract", "--json").stdout)
    assert [document["extract"] for document in documents] == list(EXTRACTS)
    for document in documents:
        for column in document["columns"]:
            assert column["name"] in words
    (only,) = json.loads(pipeline("contract", "--extract", "stage", "--json").stdout)
    assert only["key"] == ["mpid", "market_role", "stage"]


def test_the_sample_files_load_without_a_fault(tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    pipeline("contract", "--sample", landing)
    done = pipeline("load", "--landing", landing, "--warehouse", tmp_path / "warehouse", "--json")
    files = json.loads(done.stdout)
    assert len(files) == 2 * len(EXTRACTS)
    assert {(f["outcome"], f["lines"], f["accepted"]) for f in files} <= {
        ("accepted", 1, 1),
        ("superseded", 1, 1),
    }
    checks = [part for path in landing.glob("*/*.csv") for part in ("--check", path)]
    assert "Not judged without --warehouse" in pipeline("load", *checks).stdout


def test_a_rehearsal_counts_and_explains_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "migration_full_20260101.csv"
    path.write_bytes(HEAD + ROW + b"190001237432,FORWARD,2026-01-01\n1900012374324,UP,31/02/2026\n")
    done = pipeline("load", "--check", path, expect=3)
    assert "1 of 3 lines of migration/migration_full_20260101.csv accepted" in done.stdout
    assert "line 3: BAD_FORMAT, mpan '190001237432' is not: 13 digits" in done.stdout
    assert "line 4: BAD_VALUE, direction 'UP' is not: one of FORWARD REVERSE" in done.stdout
    (document,) = json.loads(pipeline("load", "--check", path, "--json", expect=3).stdout)
    assert document["faults"] == [
        {"reason": "BAD_FORMAT", "column": "mpan", "lines": 1},
        {"reason": "BAD_VALUE", "column": "direction", "lines": 1},
    ]
    assert list(tmp_path.iterdir()) == [path]


def test_a_rehearsal_says_what_a_load_would(folder: Folder) -> None:
    """With a warehouse also what depends on other files."""
    folder.put(
        "migration_full_20260101.csv", HEAD + ROW * 9 + b"2000056535971,FORWARD,2026-01-01\n"
    )
    folder.load()
    known = folder.landing / "migration" / "migration_full_20260101.csv"
    assert check(known, folder.warehouse).was_loaded
    again = folder.put("migration_full_20260101.csv.gz", gzip.compress(HEAD + ROW))
    assert check(again, folder.warehouse).outcome.error == "BAD_NAME"
    assert check(again).outcome.outcome == "accepted"
    shrunk = folder.put("migration_full_20260102.csv", HEAD + ROW)
    rehearsed = check(shrunk, folder.warehouse).outcome
    assert rehearsed.error == "SHRUNK"
    again.unlink()
    assert rehearsed in folder.load().files


def provoke(folder: Folder) -> Iterator[FileOutcome | str]:
    """Every sentence of the page, provoked."""
    good = HEAD + ROW + b"2000056535971,FORWARD,2026-01-01\n"
    folder.put("migration_full_20260101.csv", good)
    yield from folder.load().files
    yield from folder.load().files
    folder.put("migration_full_20260101.csv.gz", gzip.compress(good))
    folder.put("migration_full_2026.csv", good)
    folder.put("migration_full_20260103.csv.gz", gzip.compress(good)[:-4])
    folder.put("migration_full_20260104.csv", b"\xff" + good)
    folder.put("migration_full_20260105.csv", b"")
    folder.put("migration_full_20260106.csv", b"mpan\n")
    folder.put("migration_full_20260107.csv", good, {"rows": 7})
    folder.put("migration_full_20260108.csv", HEAD + ROW)
    folder.put("migration_delta_20251231.csv", b"change_type," + HEAD)
    folder.put("migration_full_20990101.csv", good)
    folder.put("migration_delta_20261201.csv", b"change_type," + HEAD)
    (folder.landing / "migration" / "migration_full_20260110.csv").mkdir()
    folder.put(
        "dip_events_delta_20260901.jsonl", lines(message("IF-021", "ActivePower", {}), registered())
    )
    yield from folder.load().files
    withdraw(folder.warehouse, "migration_delta_20261201.csv")
    yield from folder.load().files
    (folder.landing / "other").mkdir()
    path = folder.landing / "registration" / "registration_full_20260101.csv"
    path.parent.mkdir()
    path.write_bytes(
        b"registration_id,mpan,supplier_mpid,registration_type,registration_status,effective_from,"
        b"effective_to,market_segment,gsp_group_id,rmp_status,mp_status,is_domestic\n"
        b"R-1,1900012374324\n"
        b",1900012374324,ALDR,SWITCH,ACTIVE,2026-01-01,,S,_A,O,R,\n"
        b"R-2,1900012374324,aldr,SWITCH,ACTIVE,2026-01-01,,S,_A,O,R,\n"
        b"R-3,1900012374324,ALDR,SWITCH,ACTIVE,2026-01-01,,S,_I,O,R,\n"
        b"R-6,1900012374324,ALDR,SWITCH,ACTIVE,2026-01-02,,S,_A,O,R,yes\n"
        b"R-4,1900012374324,ALDR,SWITCH,ACTIVE,2026-01-02,2026-01-01,S,_A,O,R,\n"
        b"R-5,1900012374324,ALDR,SWITCH,ACTIVE,2026-01-02,,S,_A,O,R,\n"
        b"R-5,1900012374324,ALDR,SWITCH,ACTIVE,2026-01-03,,S,_A,O,R,\n"
    )
    done = pipeline("load", "--landing", folder.landing, "--warehouse", folder.warehouse / "other")
    yield from done.stderr.splitlines()
    yield from check(path).first


def test_every_sentence_of_the_page_is_what_the_operator_reads(folder: Folder) -> None:
    said = [each if isinstance(each, str) else each.detail for each in provoke(folder)]
    cells = [row.split(" | ") for row in PAGE.read_text("utf-8").splitlines() if row[:1] == "|"]
    sentences = [
        cell.strip("`")
        for row in cells
        for cell in row
        if cell.startswith("`") and "…" in cell and cell.endswith("`")
    ]
    assert len(sentences) == 25
    unheard = [s for s in sentences if not any(map(_pattern(s).search, said))]
    assert [sentence[:30] for sentence in unheard] == [
        "… was refused, UNREADABLE: this machine could not read it"[:30],
        "… changed while it was read and was left for the next run."[:30],
    ]


def _pattern(sentence: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in sentence.split("…")))


def test_the_page_names_every_code() -> None:
    page = PAGE.read_text("utf-8")
    codes: list[Any] = [
        "BAD_NAME",
        "NOT_A_FILE",
        "FUTURE_DATE",
        "UNREADABLE",
        "BAD_ENCODING",
        "EMPTY",
        "MISSING_COLUMN",
    ]
    codes += ["MANIFEST_MISMATCH", "SHRUNK", "FIELD_COUNT", "MISSING_VALUE", "BAD_FORMAT"]
    codes += ["BAD_VALUE", "BAD_INTERVAL", "DUPLICATE_KEY"]
    assert [code for code in codes if f"| `{code}` |" not in page] == []
