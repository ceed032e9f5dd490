"""Exports asked for by a page: one worker process each, finished files kept per publication.

They wait in one queue (`export_queue.py`).

A publication never changes, so the same filters give the same file: the second reader gets the
first one's. Beside them lie the standing lists that `python -m pipeline daily` makes each day.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from dashboards import data
from dashboards.auth import current_user, require
from dashboards.data import View
from dashboards.export_queue import QUEUE, Job
from pipeline import json_files
from pipeline.export import FORM, Filters
from pipeline.export_lists import STANDING
from pipeline.leftovers import sweep_exports


class File(Protocol):
    """Something that a worker process makes in a folder of its own."""

    @property
    def folder(self) -> Path: ...


@dataclass(frozen=True)
class Order:
    """One file that a reader asks for."""

    view: View
    list_name: str
    filters: tuple[tuple[str, tuple[str, ...]], ...]
    format: str = "csv"

    @property
    def folder(self) -> Path:
        """Where the finished file lies: the same for the same request."""
        request = json.dumps([FORM, self.list_name, self.filters, self.format])
        name = hashlib.sha256(request.encode()).hexdigest()[:16]
        return data.store.warehouse().exports / self.view.publication_id / name


def order(view: View, list_name: str, filters: Filters, format: str = "csv") -> Order:
    """The order for a list under these filters; the order of values does not matter."""
    chosen = tuple(
        (name, tuple(sorted(values))) for name, values in sorted(filters.items()) if values
    )
    return Order(view, list_name, chosen, format)


def known_manifest(path: Path) -> dict[str, Any] | None:
    """The manifest of an export; None if it is damaged or gone: its file is then not offered."""
    try:
        return json_files.read(path, json_files.ExportManifest)
    except (OSError, json_files.DamagedFile):
        return None


def finished(asked: File) -> dict[str, Any] | None:
    """The manifest of the finished file, if there is one."""
    for path in sorted(asked.folder.glob("*.manifest.json")):
        manifest = known_manifest(path)
        if manifest is None:
            continue
        if path.with_name(manifest["file"]).is_file():
            return manifest
    return None


def relative_file(asked: File, manifest: dict[str, Any]) -> str:
    """The file's place below the exports folder, as a link names it."""
    return f"{asked.folder.parent.name}/{asked.folder.name}/{manifest['file']}"


def start(asked: Order) -> None:
    """Start the worker, unless it runs already or the file is there. Raises Forbidden."""
    require("compliance")
    request = {
        "publication_path": asked.view.path,
        "out_path": str(asked.folder.resolve() / _file_name(asked)),
        "filters": dict(asked.filters),
        "format": asked.format,
        "list_name": asked.list_name,
    }
    launch(asked, "pipeline.export", request)


def launch(asked: File, module: str, request: dict[str, Any]) -> None:
    """Queue a module that reads the request on standard input, one process for each file."""
    if finished(asked):
        return
    warehouse = data.store.warehouse()
    sweep_exports(warehouse)
    argv = (sys.executable, "-m", module)
    job = Job(str(asked.folder), warehouse, argv, json.dumps(request), asked.folder)
    QUEUE.submit(job, current_user().key)


def is_running(asked: File) -> bool:
    """Whether the file is being made or waits for its turn."""
    return QUEUE.is_there(str(asked.folder))


def in_progress(asked: File, what: str) -> str:
    """What a button says meanwhile: `Preparing CSV …`, or how many are before it."""
    before = QUEUE.before(str(asked.folder))
    if before is None:
        return f"Preparing {what} …"
    return f"Waiting to prepare {what}, {before} before you …"


def failure(asked: File) -> str | None:
    """Why this reader's last attempt was refused or failed."""
    return QUEUE.failure(str(asked.folder), current_user().key)


@dataclass(frozen=True)
class StandingFile:
    """A file of a standing list: its place below the exports folder, and its manifest."""

    name: str
    path: str
    manifest: dict[str, Any]


def standing(view: View) -> list[StandingFile]:
    """The standing lists made of this publication; none where the run was not a daily one.

    Raises Forbidden.
    """
    require("compliance")
    folder = data.store.warehouse().exports / "daily" / view.as_of.isoformat()
    found = []
    for name in STANDING:
        for path in sorted(folder.glob(f"exceptions-{name}.*.manifest.json")):
            manifest = known_manifest(path)
            if manifest is None or "format" not in manifest:
                continue
            file = path.with_name(manifest["file"])
            # A day that was run again has the lists of its last publication alone.
            if manifest.get("publication_id") == view.publication_id and file.is_file():
                found.append(StandingFile(name, f"daily/{folder.name}/{file.name}", manifest))
    return found


def _file_name(asked: Order) -> str:
    return f"mhhs_{asked.list_name}_{asked.view.publication_id}_{{rows}}rows.{asked.format}"
