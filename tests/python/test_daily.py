"""The work of a day in one step: it waits, publishes, compares, exports and tells."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import pytest

from pipeline.daily import FilesMissing, missing, wait
from pipeline.layout import Warehouse
from pipeline.notice import NoticeNotSent, addresses, send
from tests.command import PROJECT, pipeline, publication
from tests.python.test_compare import APPROVALS, CASE, EXPECTED, REGISTRATIONS
from tests.short import short


@pytest.fixture
def bell() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A web hook that really listens, and what it heard."""
    heard: list[dict[str, str]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"json://127.0.0.1:{server.server_address[1]}/", heard
    server.shutdown()


def test_two_days(tmp_path: Path, bell: tuple[str, list[dict[str, str]]]) -> None:
    url, heard = bell
    landing, warehouse = tmp_path / "landing", tmp_path / "warehouse"
    shutil.copytree(CASE, landing)
    daily = ("daily", "--landing", landing, "--warehouse", warehouse, "--expect", "registration")
    first = json.loads(short(*daily, "--day", "2026-11-10", "--json", data_tests=True).stdout)
    assert first["compared_with"] is None

    done = pipeline(*daily, "--day", "2026-11-11", "--notify", url, expect=6)
    assert "No file of 2026-11-11 has come for registration" in done.stderr
    assert not heard

    (landing / "registration" / "registration_delta_20261111.csv").write_text(REGISTRATIONS)
    (landing / "approval" / "approval_delta_20261111.csv").write_text(APPROVALS)
    said = pipeline(*daily, "--day", "2026-11-11", "--notify", url, "--keep", "2").stdout
    folder = warehouse / "exports" / "daily" / "2026-11-11"
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["publication_id"] == publication(warehouse).stem
    assert summary["compared_with"] == first["publication_id"]
    assert summary["changes_by_cause"] == Counter(cause for *_, cause in EXPECTED)
    assert (folder / "summary.txt").read_text() == said
    # SUP-01 R-F2, R-LATE, R-NEXT and SUP-03 R-F2, R-LATE, R-NEXT: R-NEXT's SUP-03 was a warning.
    assert summary["new_breaches"] == 5
    assert summary["escalated_to_breach"] == 1
    (notice,) = heard
    assert notice["title"] == (
        "MHHS readiness as of 2026-11-11: 5 new breaches, 1 exception escalated to a breach"
    )
    assert "Since the previous as-of day: 5 new breaches, 1 exception esc" in notice["message"]
    assert "  SUP-03 BREACH    2 new, 3 resolved, 1 escalated\n" in notice["message"]

    for export in summary["exports"]:
        path = folder / export["file"]
        reader = "read_parquet" if path.suffix == ".parquet" else "read_csv"
        rows = duckdb.sql(f"select count(*) from {reader}('{path}')").fetchone()
        assert rows == (export["rows"],)
    events = [json.loads(line) for line in (warehouse / "logs" / "pipeline.jsonl").open()]
    assert [event["event"] for event in events if event["event"] != "file_taken"] == [
        *("published", "daily_done", "files_missing", "published", "daily_done")
    ]
    assert all({"at", "level", "process"} <= event.keys() for event in events)


def test_a_failed_gate_is_told(tmp_path: Path, bell: tuple[str, list[dict[str, str]]]) -> None:
    url, heard = bell
    project = tmp_path / "project"
    for name in ("models", "macros", "seeds", "tests/dbt", "pipeline"):
        shutil.copytree(PROJECT / name, project / name)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT / name, project / name)
    failing = project / "tests" / "dbt" / "singular" / "assert_no_supplier.sql"
    failing.write_text("select mpid from {{ ref('dim_participant') }}\n")
    pipeline(
        *("daily", "--landing", CASE, "--warehouse", tmp_path / "w", "--day", "2026-11-10"),
        *("--expect", "registration", "--notify", url),
        project=project,
        expect=1,
    )
    (notice,) = heard
    assert notice["title"] == "MHHS readiness: the gate failed for 2026-11-10"
    assert "assert_no_supplier" in notice["message"]


def test_waiting_ends_when_the_file_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import date

    from pipeline import daily

    monkeypatch.setattr(daily, "POLL_SECONDS", 0.05)
    landing, day = tmp_path / "landing", date(2026, 11, 10)
    (landing / "registration").mkdir(parents=True)
    late = landing / "registration" / "registration_delta_20261110.csv"
    threading.Timer(0.3, late.touch).start()
    started = time.monotonic()
    wait(Warehouse(tmp_path / "w"), landing, day, ["registration"], 10)
    assert 0.2 < time.monotonic() - started < 5
    assert missing(landing, day, ["registration", "stage"]) == ["stage"]
    with pytest.raises(FilesMissing, match="for stage into"):
        wait(Warehouse(tmp_path / "w"), landing, day, ["registration", "stage"], 0.1)


def test_notices_are_off_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MHHS_NOTIFY", raising=False)
    assert addresses([]) == []
    send("title", "body", [])
    monkeypatch.setenv("MHHS_NOTIFY", "json://a/ json://b/")
    assert addresses([]) == ["json://a/", "json://b/"]
    assert addresses(["json://c/"]) == ["json://c/"]
    with pytest.raises(NoticeNotSent, match="Address 1 for notices"):
        send("title", "body", ["nonsense-with-secret"])
    with pytest.raises(NoticeNotSent, match="could not be delivered"):
        send("title", "body", ["json://127.0.0.1:9/"])
