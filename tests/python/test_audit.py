"""The audit log: lines of many writers at once, and what a crash leaves behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from dashboards import audit
from tests.command import PROJECT

_WRITER = """
import sys
from pathlib import Path
from dashboards import audit
for number in range(200):
    audit.record(Path(sys.argv[1]), "download", sys.argv[2], number=number, text="x" * 9000)
"""


def test_a_line_says_when_what_and_who(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "audit.jsonl"
    audit.record(log, "download", "cat@compliance.example", rows=12, file="p/list.csv")
    line = json.loads(log.read_text())
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "kind": "download",
        "user": "cat@compliance.example",
        "rows": 12,
        "file": "p/list.csv",
    }


def test_a_line_break_in_a_fact_does_not_make_a_second_line(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    forged = '\n{"at": "2026-11-10T09:00:00+00:00", "kind": "download", "user": "somebody else"}'
    audit.record(log, "query", f"ann{forged}", statement=f"select 1{forged}")
    (line,) = audit.lines(log)
    assert line["statement"].startswith("select 1\n")


def test_processes_that_write_at_once_lose_no_line(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(log), name], cwd=PROJECT)
        for name in ("one", "two", "three", "four")
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0, 0]
    found = [(line["user"], line["number"]) for line in audit.lines(log)]
    assert len(found) == 800
    for name in ("one", "two", "three", "four"):
        assert [number for user, number in found if user == name] == list(range(200))


def test_a_line_that_was_cut_short_does_not_swallow_the_next(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    audit.record(log, "download", "one")
    with log.open("a") as file:
        file.write('{"at": "2026-11-10T09:00:00+00:00", "kind": "downl')
    audit.record(log, "download", "two")
    assert [line["user"] for line in audit.lines(log)] == ["one", "two"]


def test_without_a_log_there_are_no_lines(tmp_path: Path) -> None:
    assert list(audit.lines(tmp_path / "none.jsonl")) == []
