"""Held builds: a publication from less than what came, or than before, is never made in silence.

A build is held, and nothing is published, where (a) a full that came is missing because it was
refused; (b) the state of an extract about Metering Points has shrunk by more than a fifth; (c) an
extract has no file any more. The operator mends the cause or accepts the loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipeline.build import damaged_lake
from pipeline.contracts import EXTRACTS
from pipeline.errors import BuildHeld, PipelineError
from pipeline.intake import FileOutcome, create_state_views
from pipeline.intake.adapters import FEEDS
from pipeline.intake.log import Entry, LoadLog
from pipeline.intake.names import Name, parse_name
from pipeline.intake.outcomes import Outcome, judge, targets_of
from pipeline.journal import note
from pipeline.layout import Warehouse
from pipeline.machine import default_memory_limit
from pipeline.publication import Publication, files_of, last_failure, publications
from pipeline.publication_log import record_hold
from pipeline.sql_text import literal

COUNTED = ("registration", "migration", "appointment")
REFUSED_FULL, FEWER_ROWS, NO_FILE = "REFUSED_FULL", "FEWER_ROWS", "NO_FILE"
NOT_COMPARED = "NOT_COMPARED"
# A state with fewer rows than this part of those before is held; exactly this part passes.
_LEAST_PART = (4, 5)


@dataclass(frozen=True)
class Loss:
    """One reason to hold a build; `files` are those of which it speaks."""

    reason: str
    message: str
    files: list[str] = field(default_factory=list)


def state_rows(
    warehouse: Path,
    day: date,
    only: set[tuple[str, str]] | None = None,
    *,
    memory_limit: str | None = None,
    threads: int = 2,
) -> dict[str, int]:
    """Rows of the states of the extracts about Metering Points as known on a day.

    `only` leaves out files whose (file, sha256) is not among them.
    """
    with closing(duckdb.connect()) as connection, damaged_lake():
        connection.execute(f"set memory_limit = {literal(memory_limit or default_memory_limit())}")
        connection.execute(f"set threads = {threads}")
        create_state_views(connection, warehouse, day, only, COUNTED)
        return {
            name: connection.execute(f"select count(*) from raw.{name}").fetchall()[0][0]
            for name in COUNTED
        }


def losses(
    warehouse: Warehouse,
    as_of: date,
    refused: Sequence[FileOutcome] | None,
    rows: dict[str, int],
    *,
    memory_limit: str | None = None,
    threads: int = 2,
) -> list[Loss]:
    """Every reason to hold the build of a day whose states have so many rows.

    `refused` are the files that this run refused; None if it loaded nothing: then those count for
    which the last build was held.
    """
    outcomes = judge(LoadLog(warehouse.root).entries)
    if refused is None:
        last = last_failure(warehouse) or {}
        names = last.get("files", []) if last.get("held") else []
        found = _refused_fulls(outcomes, [(name, "refused before this run") for name in names])
    else:
        found = _refused_fulls(outcomes, [(each.file, each.error or "") for each in refused])
    earlier = next((each for each in publications(warehouse) if each.as_of < as_of), None)
    if earlier is None:
        return found
    try:
        before = _rows_of(warehouse, earlier, memory_limit, threads)
    except PipelineError as error:
        before = {}
        found.append(
            Loss(NOT_COMPARED, f"The publication as of {earlier.as_of} names no rows. {error}")
        )
    return [
        *found,
        *_fewer_rows(earlier, before, as_of, rows),
        *_extracts_without_files(earlier, as_of, outcomes),
    ]


def hold(warehouse: Warehouse, as_of: date, found: Sequence[Loss], accept_loss: bool) -> None:
    """Record why a build is held and raise `BuildHeld`, unless the loss is accepted."""
    if not found:
        return
    event, level = ("loss_accepted", "warning") if accept_loss else ("build_held", "error")
    note(
        warehouse,
        event,
        level=level,
        as_of=as_of,
        reasons=[each.reason for each in found],
        why=[each.message for each in found],
    )
    if accept_loss:
        return
    record_hold(warehouse, as_of, documents(found))
    reasons = " ".join(each.message for each in found)
    raise BuildHeld(
        f"The build for {as_of} is held and nothing was published. {reasons} "
        "The last publication remains current. Have the missing data sent and run again, or "
        "publish without it with --accept-loss.",
        documents(found),
    )


def documents(found: Iterable[Loss]) -> list[dict[str, Any]]:
    """Losses for a manifest."""
    return [asdict(each) for each in found]


def _refused_fulls(outcomes: Sequence[Outcome], refused: Iterable[tuple[str, str]]) -> list[Loss]:
    found = []
    for file, why in refused:
        name = _name(file)
        if name is None or name.kind != "full":
            continue
        targets = _targets(file)
        newest = max(
            (
                each.entry
                for each in outcomes
                if each.stands
                and each.entry.kind == "full"
                and set(targets_of(each.entry)) & set(targets)
            ),
            key=_order,
            default=None,
        )
        if newest is None:
            compared = f"no full of {' or '.join(targets)} is accepted"
        elif (name.business_date, name.sequence) > _order(newest):
            compared = f"the newest accepted full is {newest.file}"
        else:
            continue
        found.append(Loss(REFUSED_FULL, f"{file} was refused ({why}); {compared}.", [file]))
    return found


def _fewer_rows(
    earlier: Publication, before: dict[str, int], as_of: date, rows: dict[str, int]
) -> list[Loss]:
    part, whole = _LEAST_PART
    return [
        Loss(
            FEWER_ROWS,
            f"The state of {name} on {as_of} has {rows[name]:,} rows, fewer than {part * 20}% of "
            f"the {count:,} in the publication as of {earlier.as_of}.",
        )
        for name, count in before.items()
        if name in rows and rows[name] * whole < count * part
    ]


def _extracts_without_files(
    earlier: Publication, as_of: date, outcomes: Sequence[Outcome]
) -> list[Loss]:
    had = {
        extract
        for file in earlier.manifest.get("files", [])
        if file["outcome"] in ("accepted", "superseded")
        and (name := _name(file["file"])) is not None
        and name.business_date <= earlier.as_of
        for extract in _targets(file["file"])
    }
    has = {
        extract
        for each in outcomes
        if each.outcome in ("accepted", "superseded")
        and each.entry.business_date is not None
        and each.entry.business_date <= as_of
        for extract in targets_of(each.entry)
    }
    return [
        Loss(
            NO_FILE,
            f"The lake has no accepted file of {extract} up to {as_of}; the publication as of "
            f"{earlier.as_of} had one.",
        )
        for extract in EXTRACTS
        if extract in had - has
    ]


def _rows_of(
    warehouse: Warehouse, publication: Publication, memory_limit: str | None, threads: int
) -> dict[str, int]:
    """What its manifest says; of one made before manifests said it, what its files hold."""
    stated: dict[str, int] | None = publication.manifest.get("state_rows")
    if stated:
        return stated
    files = files_of(publication)
    if not files:
        return {}
    return state_rows(
        warehouse.root, publication.as_of, files, memory_limit=memory_limit, threads=threads
    )


def _name(file: str) -> Name | None:
    extract, _, name = file.partition("/")
    return parse_name(extract, name) if extract in EXTRACTS or extract in FEEDS else None


def _targets(file: str) -> tuple[str, ...]:
    extract = file.partition("/")[0]
    return FEEDS[extract].targets if extract in FEEDS else (extract,)


def _order(entry: Entry) -> tuple[date, int]:
    return (entry.business_date or date.min, entry.sequence or 0)
