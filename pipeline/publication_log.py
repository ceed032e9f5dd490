"""What a rebuild cannot make again about builds: publications, failed gates and held builds.

One JSON line each in `history/publication_log.jsonl`, in the order of their ends; a publication
carries all of it as `rpt_publication`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from pipeline import json_files
from pipeline.errors import PipelineError
from pipeline.layout import Warehouse, replace_json

if TYPE_CHECKING:
    from pipeline.build import BuildResult

# A line of the log leaves out what grows with the number of files and tests.
_LEFT_TO_THE_MANIFEST = ("files", "nodes", "orders")

_COLUMNS = {
    "publication_id": (
        "varchar",
        "Publication; `failed-` or `held-` and an instant if nothing was published.",
    ),
    "mart": ("varchar", "Mart of the publication, the test that failed, or the reason of a hold."),
    "gate": ("varchar", "`passed`; `failed` or `held` if nothing was published."),
    "as_of": ("date", "As-of day of the build."),
    "built_at": ("timestamptz", "Instant at which it was published or failed, UTC."),
    "duration_seconds": ("double", "Duration of models and tests, seconds."),
    "tests_passed": ("bigint", "Tests that passed."),
    "tests_failed": ("bigint", "Tests and models that failed: 0 for a publication."),
    "rows": ("bigint", "Rows of the mart; null if nothing was published."),
    "checksum": ("varchar", "Checksum of the mart, whatever the order of its rows."),
    "failure": (
        "varchar",
        "What the failed test says, with up to ten rows that made it fail; or why it was held.",
    ),
}

# As `config.meta.personal` of a model's column: a checksum of one row is a hash of its MPAN.
PERSONAL = {
    "publication_id": "false",
    "mart": "false",
    "gate": "text",
    "duration_seconds": "false",
    "tests_passed": "false",
    "tests_failed": "false",
    "rows": "false",
    "checksum": "id",
}


class BrokenLog(PipelineError):
    """A line of the log, other than a torn last one, cannot be read."""


def last_instant(warehouse: Warehouse) -> datetime | None:
    """When the newest line of the log was written: no later one may claim an earlier instant."""
    instants = [datetime.fromisoformat(line["built_at"]) for line in _lines(warehouse)]
    return max(instants, default=None)


def append(warehouse: Warehouse, line: dict[str, Any]) -> None:
    """Write a line so that it outlives a crash; a torn last one, whose writer was killed, goes."""
    log = warehouse.publication_log
    log.parent.mkdir(parents=True, exist_ok=True)
    whole = len(_whole(log))
    kept = {name: value for name, value in line.items() if name not in _LEFT_TO_THE_MANIFEST}
    with log.open("ab") as file:
        file.truncate(whole)
        file.write(json.dumps(kept).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def record_failure(warehouse: Warehouse, result: BuildResult) -> None:
    """Write what failed into the log, and beside the pointer for the dashboard and `info`."""
    failed_at = datetime.now(UTC).replace(microsecond=0).isoformat()
    failures = [
        {"test": failure.name, "message": failure.message, "rows": failure.rows}
        for failure in result.failures
    ]
    append(
        warehouse,
        {
            "publication_id": f"failed-{failed_at}",
            "as_of": result.as_of.isoformat(),
            "built_at": failed_at,
            "gate": "failed",
            "duration_seconds": round(result.seconds, 1),
            "tests": {"passed": result.tests - len(failures), "failed": len(failures)},
            "failures": failures,
        },
    )
    replace_json(
        warehouse.last_failure,
        {"as_of": result.as_of.isoformat(), "failed_at": failed_at, "failures": failures},
    )


def record_hold(warehouse: Warehouse, as_of: date, losses: Sequence[Mapping[str, Any]]) -> None:
    """Write why a build was held into the log, and beside the pointer, as for a failed gate."""
    held_at = datetime.now(UTC).replace(microsecond=0).isoformat()
    failures = [{"test": loss["reason"], "message": loss["message"], "rows": []} for loss in losses]
    append(
        warehouse,
        {
            "publication_id": f"held-{held_at}",
            "as_of": as_of.isoformat(),
            "built_at": held_at,
            "gate": "held",
            "duration_seconds": 0.0,
            "tests": {"passed": 0, "failed": 0},
            "failures": failures,
        },
    )
    replace_json(
        warehouse.last_failure,
        {
            "as_of": as_of.isoformat(),
            "failed_at": held_at,
            "failures": failures,
            "held": True,
            "files": [name for loss in losses for name in loss["files"]],
        },
    )


def add_mart(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, manifest: dict[str, Any]
) -> None:
    """Create `marts.rpt_publication` from the log and the manifest of the publication at hand."""
    columns = ", ".join(f"{name} {kind}" for name, (kind, _) in _COLUMNS.items())
    connection.execute(f"create table marts.rpt_publication ({columns})")
    rows = [row for line in [*_lines(warehouse), manifest] for row in _rows(line)]
    places = ", ".join("?" for _ in _COLUMNS)
    connection.executemany(f"insert into marts.rpt_publication values ({places})", rows)
    connection.execute(
        "comment on table marts.rpt_publication is 'One row per publication and mart, per test "
        "that failed a gate, and per reason of a held build: when, its tests, rows and checksum.'"
    )
    for name, (_, description) in _COLUMNS.items():
        connection.execute(f"comment on column marts.rpt_publication.{name} is '{description}'")


def _rows(line: dict[str, Any]) -> list[tuple[Any, ...]]:
    about = (
        line["gate"],
        line["as_of"],
        line["built_at"],
        line["duration_seconds"],
        line["tests"]["passed"],
        line["tests"]["failed"],
    )
    published = [
        (line["publication_id"], mart, *about, figures["rows"], figures["checksum"], None)
        for mart, figures in sorted(line.get("marts", {}).items())
    ]
    failed = [
        (line["publication_id"], failure["test"], *about, None, None, _in_words(failure))
        for failure in line.get("failures", [])
    ]
    return published + failed


def _in_words(failure: dict[str, Any]) -> str:
    rows = [", ".join(f"{name}={value}" for name, value in row.items()) for row in failure["rows"]]
    return "\n".join([failure["message"], *rows])


def _lines(warehouse: Warehouse) -> list[dict[str, Any]]:
    log = warehouse.publication_log
    lines = []
    for number, line in enumerate(_whole(log).splitlines(), 1):
        try:
            lines.append(json_files.parse(line, json_files.PublicationLogLine))
        except ValueError:
            raise BrokenLog(
                f"Line {number} of {log} cannot be read: take the file from a backup, or delete "
                "the line; the publication of which it tells is then missing from "
                "rpt_publication. The last publication remains current."
            ) from None
    return lines


def _whole(log: Path) -> bytes:
    content = log.read_bytes() if log.exists() else b""
    return content[: content.rfind(b"\n") + 1]
