"""The steps that several commands share: load files; build, test and publish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

from pipeline.build import BuildResult, default_as_of
from pipeline.causes import judge
from pipeline.holding import documents, hold, losses, state_rows
from pipeline.increment import build_day, note_standing
from pipeline.intake import FileOutcome, LoadSummary, load
from pipeline.journal import note
from pipeline.layout import Warehouse
from pipeline.ledger import record, record_causes
from pipeline.publication import Publication, publish
from pipeline.query import write_opening

Report = Callable[[str, float], None]
Bar = Callable[[str], AbstractContextManager[Report]]


def load_files(
    warehouse: Warehouse,
    landing: Path,
    allow_shrunk: bool,
    memory_limit: str | None,
    threads: int,
    report: Report,
    *,
    allow_future_dates: bool = False,
) -> LoadSummary:
    """Take the new files of a landing folder into the lake."""
    summary = load(
        landing,
        warehouse.root,
        allow_shrunk=allow_shrunk,
        allow_future_dates=allow_future_dates,
        memory_limit=memory_limit,
        threads=threads,
        progress=report,
    )
    for file in summary.files:
        if file.outcome == "refused":
            note(warehouse, "file_refused", level="error", file=file.file, why=file.detail)
        elif file.outcome != "skipped":
            note(
                warehouse,
                "file_taken",
                file=file.file,
                accepted=file.accepted,
                quarantined=file.quarantined,
                repeated=file.repeated,
            )
    return summary


def build_and_publish(
    warehouse: Warehouse,
    as_of: date | None,
    make_current: bool,
    memory_limit: str | None,
    threads: int,
    bar: Bar,
    say_failures: Callable[[BuildResult], None],
    *,
    refused: Sequence[FileOutcome] | None = None,
    accept_loss: bool = False,
    allow_future_dates: bool = False,
) -> tuple[Publication, BuildResult]:
    """Build for a day, run every test, and publish; raises `GateFailed` if one failed.

    `refused` are the files that this run refused, None if it loaded nothing. Raises `BuildHeld`
    before anything is built where data is missing, unless `accept_loss` (see `pipeline.holding`).
    """
    day = as_of or default_as_of(warehouse)
    rows = state_rows(warehouse.root, day, memory_limit=memory_limit, threads=threads)
    missing = losses(warehouse, day, refused, rows, memory_limit=memory_limit, threads=threads)
    hold(warehouse, day, missing, accept_loss)
    with bar("judge") as report:
        touched = judge(warehouse, day, memory_limit=memory_limit, threads=threads, progress=report)
    with bar("build") as report:
        result = build_day(
            warehouse, day, touched, memory_limit=memory_limit, threads=threads, progress=report
        )
    say_failures(result)
    for failure in result.failures:
        note(
            warehouse,
            "test_failed",
            level="error",
            as_of=day,
            test=failure.name,
            message=failure.message,
            rows=len(failure.rows),
        )
    with bar("publish") as report:
        publication = publish(
            warehouse,
            result,
            make_current=make_current,
            allow_future_dates=allow_future_dates,
            state_rows=rows,
            accepted_loss=documents(missing),
            progress=report,
        )
        record(warehouse, publication)
        record_causes(warehouse, publication.publication_id, day)
        note_standing(warehouse, publication, result)
        write_opening(warehouse)
    note(
        warehouse,
        "published",
        as_of=day,
        publication_id=publication.publication_id,
        tests=result.tests,
        scope=result.scope,
        seconds=round(result.seconds, 1),
    )
    return publication, result
