"""Files of DIP events: every form that is taken, and those that are refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import zstandard

from tests.python.dip_messages import appointed, lines, message, registered
from tests.python.intake_folder import Folder, refused

NAME = "dip_events_delta_20260901.jsonl"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize("ext", ["json", "json.gz", "json.zst", "jsonl.gz", "jsonl.zst"])
def test_every_form_of_file(folder: Folder, ext: str) -> None:
    messages = [registered("R-1"), [appointed()], message("IF-021", "ActivePower", {})]
    content = lines(*messages) if "jsonl" in ext else json.dumps(messages, indent=1).encode()
    pack = {"gz": gzip.compress, "zst": zstandard.compress}.get(ext.partition(".")[2], bytes)
    folder.put(f"dip_events_delta_20260901.{ext}", pack(content))
    outcome = folder.only()
    assert (outcome.outcome, outcome.accepted, outcome.ignored) == ("accepted", 2, 1)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("dip_events_full_20260901.jsonl", lines(registered()), "BAD_NAME"),
        ("dip_events_delta_20260931.jsonl", lines(registered()), "BAD_NAME"),
        ("dip_events_delta_20260901.csv", lines(registered()), "BAD_NAME"),
        ("dip_events_delta_20260901.jsonl", b"", "EMPTY"),
        ("dip_events_delta_20260901.jsonl", b"\n \n", "EMPTY"),
        ("dip_events_delta_20260901.json", b"", "EMPTY"),
        ("dip_events_delta_20260901.json", b"{}", "UNREADABLE"),
        ("dip_events_delta_20260901.json", b"[{}", "UNREADABLE"),
        ("dip_events_delta_20260901.json", b"[{} {}]", "UNREADABLE"),
        ("dip_events_delta_20260901.json", b"[{},]", "UNREADABLE"),
        ("dip_events_delta_20260901.json", b"[] []", "UNREADABLE"),
        ("dip_events_delta_20260901.json", b"[" * 100_000, "UNREADABLE"),
        ("dip_events_delta_20260901.jsonl", lines(registered())[:-1] + b"\xff\n", "BAD_ENCODING"),
        ("dip_events_delta_20260901.json", b'["\xff"]', "BAD_ENCODING"),
        ("dip_events_delta_20260901.jsonl.gz", lines(registered()), "UNREADABLE"),
        (
            "dip_events_delta_20260901.jsonl.gz",
            gzip.compress(b"{}" * 999, mtime=0)[:-9],
            "UNREADABLE",
        ),
        ("dip_events_delta_20260901.jsonl", b"x" * (17 << 20), "UNREADABLE"),
        ("dip_events_delta_20260901.json", b'["' + b"x" * (17 << 20) + b'"]', "UNREADABLE"),
    ],
)
def test_files_that_are_refused(folder: Folder, name: str, content: bytes, code: str) -> None:
    folder.put(name, content)
    refused(folder.only(), code)


def test_a_second_name_for_one_day_is_refused(folder: Folder) -> None:
    folder.put("dip_events_delta_20260901.json", json.dumps([registered()]).encode())
    folder.put(NAME, lines(registered()))
    assert sorted(str(o.error) for o in folder.load().files) == ["BAD_NAME", "None"]
