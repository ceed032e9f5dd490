"""Build: the state of the extracts on a day -> dbt models and tests -> the build database."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventMsg

from pipeline import json_files, signals
from pipeline.clock import today
from pipeline.errors import PipelineError
from pipeline.intake import create_state_views, newest_registration_date
from pipeline.layout import PROJECT, STORAGE, Warehouse, large_database
from pipeline.ledger import create_ledger_tables
from pipeline.machine import default_memory_limit
from pipeline.sql_text import exact_path

Progress = Callable[[str, float], None]

OFFENDING_ROWS = 10
FAILED = ("error", "fail", "runtime error")
_PARSED: list[Manifest] = []
_PROFILE = ("MHHS_BUILD_DATABASE", "MHHS_MEMORY_LIMIT", "MHHS_THREADS")
# On a full disk dbt's log cannot be written: the error says so, not a traceback of the logger.
logging.raiseExceptions = False


@dataclass(frozen=True)
class Failure:
    """A model or test that failed: its name, what dbt says, and up to ten offending rows."""

    name: str
    message: str
    rows: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class BuildResult:
    """What a build came to; it may be published only if nothing failed.

    `tests` counts unit tests that hold for this code since an earlier build. `proven` is the
    fingerprint of the project if all of its unit tests hold. `scope` tells how many points were
    worked out anew and since which publication the rest stands, or why all were.
    """

    as_of: date
    models: int
    tests: int
    proven: str | None
    failures: list[Failure]
    seconds: float
    seconds_by_node: dict[str, float]
    dbt_manifest: dict[str, Any] = field(repr=False)
    scope: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return not self.failures


def _name_of_database(path: Any) -> str:
    """The name that DuckDB gives a database file."""
    return Path(str(path)).name.lstrip(".").split(".")[0]


# dbt-duckdb reads the path as a URL: `?` or `#` in a folder would cut it, and change the name.
DuckDBCredentials.path_derived_database_name = staticmethod(_name_of_database)  # type: ignore[method-assign]


def default_as_of(warehouse: Warehouse) -> date:
    """The newest business date of the accepted registration files that is not after today."""
    day = newest_registration_date(warehouse.root, today())
    if day is not None:
        return day
    ahead = newest_registration_date(warehouse.root, date.max)
    if ahead is None:
        raise PipelineError(
            "No registration file has been accepted, so there is no day to build for. "
            "Load a landing folder with a registration extract, or name a day with --as-of."
        )
    raise PipelineError(
        f"Every accepted registration file is dated after today, {today()} (the newest {ahead}), "
        "so there is no day to build for. Check the file names, or name a day with --as-of."
    )


def build(
    warehouse: Warehouse,
    as_of: date,
    *,
    memory_limit: str | None = None,
    threads: int = 2,
    proven: Collection[str] = (),
    because: str = "",
    progress: Progress | None = None,
) -> BuildResult:
    """Make the build database for `as_of` afresh and run every model and every test in it.

    The database is disposable: a build that was killed leaves nothing that the next one needs.
    Unit tests try the code on made-up rows: if its fingerprint is among those `proven`, they hold.
    """
    started = time.monotonic()
    memory_limit = memory_limit or default_memory_limit()
    warehouse.standing.unlink(missing_ok=True)
    with fresh_database(warehouse.build_database, memory_limit, threads) as connection:
        with damaged_lake():
            create_state_views(connection, warehouse.root, as_of)
        create_ledger_tables(connection, warehouse, as_of)
        create_unit_test_table(connection, warehouse)
    fingerprint = project_fingerprint()
    held = fingerprint in proven
    words = ["build", *(["--exclude-resource-type", "unit_test"] if held else [])]
    results = run_dbt(
        warehouse, words, warehouse.build_database, as_of, memory_limit, threads, progress
    )
    manifest = dbt_manifest(warehouse)
    failed = [result for result in results if result.status in FAILED]
    kinds = [result.node.resource_type for result in results]
    unit_tests = len(manifest["unit_tests"])
    tried = unit_tests if held else kinds.count("unit_test")
    return BuildResult(
        as_of=as_of,
        models=kinds.count("model"),
        tests=kinds.count("test") + tried,
        proven=fingerprint if tried == unit_tests and not failed else None,
        failures=[_failure(warehouse, result) for result in failed],
        seconds=time.monotonic() - started,
        seconds_by_node={result.node.name: result.execution_time for result in results},
        dbt_manifest=manifest,
        scope={"because": because},
    )


@contextmanager
def damaged_lake() -> Iterator[None]:
    """Say in a sentence that a file of the lake cannot be read."""
    try:
        yield
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        raise PipelineError(
            f"A file of the lake is damaged: {str(error).splitlines()[0]}. Delete it, and the "
            "next run takes its landing file again. The last publication remains current."
        ) from None


def dbt_manifest(warehouse: Warehouse) -> dict[str, Any]:
    """What dbt wrote about the project in the build that has just ended."""
    return json_files.read(warehouse.dbt_target / "manifest.json", json_files.DbtManifest)


def project_fingerprint() -> str:
    """A hash of all that the outcome of a unit test depends on."""
    digest = hashlib.sha256()
    for library in ("dbt-core", "dbt-duckdb", "duckdb"):
        digest.update(f"{library} {version(library)}\n".encode())
    folders = (PROJECT / name for name in ("models", "macros", "seeds"))
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    for path in sorted([*files, PROJECT / "dbt_project.yml", PROJECT / "profiles.yml"]):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(PROJECT)} {content}\n".encode())
    return digest.hexdigest()


@contextmanager
def fresh_database(
    path: Path, memory_limit: str, threads: int
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A new database file in place of what is there; dbt makes the one for large marts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for leftover in (path, large_database(path)):
        leftover.unlink(missing_ok=True)
        leftover.with_name(f"{leftover.name}.wal").unlink(missing_ok=True)
    with opened(path, memory_limit, threads) as connection:
        yield connection


@contextmanager
def opened(path: Path, memory_limit: str, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database file of a build, to write to."""
    with closing(duckdb.connect(str(path), config=STORAGE)) as connection:
        connection.execute(f"set memory_limit = '{memory_limit}'")
        connection.execute(f"set threads = {threads}")
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def create_unit_test_table(connection: duckdb.DuckDBPyConnection, warehouse: Warehouse) -> None:
    """Create `raw.unit_test` (model, unit_test): dbt tells its models nothing of them."""
    connection.execute("CREATE TABLE raw.unit_test (model VARCHAR, unit_test VARCHAR)")
    tests = parsed(warehouse.logs, warehouse.dbt_target).unit_tests.values()
    connection.executemany(
        "INSERT INTO raw.unit_test VALUES (?, ?)", [[test.model, test.name] for test in tests]
    )


def run_dbt(
    warehouse: Warehouse,
    words: Sequence[str],
    database: Path,
    as_of: date,
    memory_limit: str,
    threads: int,
    progress: Progress | None,
) -> list[Any]:
    """Run a command of dbt in a database and give the result of each node."""
    manifest = parsed(warehouse.logs, warehouse.dbt_target)
    os.environ |= dict(zip(_PROFILE, (str(database), memory_limit, str(threads)), strict=True))
    warehouse.logs.mkdir(parents=True, exist_ok=True)
    callbacks = [_progress_callback(progress)] if progress else []
    runner = dbtRunner(manifest, callbacks)
    outcome = runner.invoke(_words(words, as_of, warehouse.logs, warehouse.dbt_target))
    # dbt keeps the database open for the life of the process; who reads it next needs it closed.
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    signals.check()  # dbt takes an interrupt for a failure
    log = warehouse.logs / "dbt.log"
    results = getattr(outcome.result, "results", None)
    if results is None:
        raise PipelineError(f"dbt could not start: {outcome.exception}. See {log}.")
    if not outcome.success and not any(result.status in FAILED for result in results):
        raise PipelineError(f"dbt stopped: {outcome.exception}. See {log}.")
    return list(results)


def parsed(logs: Path, target: Path) -> Manifest:
    """The project as dbt reads it: that takes seconds, and a process builds more than one day."""
    if not _PARSED:
        for name in _PROFILE:  # of another profile dbt would forget all that it read before
            os.environ.pop(name, None)
        words = _words(["parse", "--no-write-json"], date.max, logs, target)
        outcome = dbtRunner().invoke(words)
        signals.check()
        if not isinstance(outcome.result, Manifest):
            log = logs / "dbt.log"
            raise PipelineError(f"dbt could not start: {outcome.exception}. See {log}.")
        _PARSED.append(outcome.result)
    return _PARSED[0]


def _words(words: Sequence[str], as_of: date, logs: Path, target: Path) -> list[str]:
    return [
        "--log-level=none",
        "--no-use-colors-file",
        "--log-level-file=info",
        f"--log-path={logs}",
        *words,
        f"--project-dir={PROJECT}",
        f"--profiles-dir={PROJECT}",
        f"--target-path={target}",
        f"--vars={json.dumps({'as_of': as_of.isoformat()})}",
    ]


def _progress_callback(progress: Progress) -> Callable[[EventMsg], None]:
    reached = 0.0

    def report(event: EventMsg) -> None:
        nonlocal reached
        index, total = getattr(event.data, "index", 0), getattr(event.data, "total", 0)
        if event.info.name.endswith("Result") and total:
            # Nodes that run side by side end out of order: the bar must not go back.
            reached = max(reached, index / total)
            progress(event.data.node_info.node_name, reached)

    return report


def _failure(warehouse: Warehouse, result: Any) -> Failure:
    """The failed node with the rows that made it fail, found by asking its own SQL again."""
    node = result.node
    compiled = getattr(node, "compiled_code", None)
    rows: list[dict[str, str]] = []
    if node.resource_type == "test" and result.status == "fail" and compiled:
        rows = _offending_rows(warehouse, compiled)
    message = re.sub(r"\s+\n", "\n", str(result.message or "failed")).strip()
    return Failure(name=node.name, message=message, rows=rows)


def _offending_rows(warehouse: Warehouse, sql: str) -> list[dict[str, str]]:
    with closing(duckdb.connect(str(warehouse.build_database), read_only=True)) as connection:
        connection.execute(f"attach {exact_path(warehouse.large_database)} as large (read_only)")
        relation = connection.sql(f"select * from ({sql}) limit {OFFENDING_ROWS}")
        return [
            {name: str(value) for name, value in zip(relation.columns, row, strict=True)}
            for row in relation.fetchall()
        ]
