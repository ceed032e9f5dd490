"""The one queue of everything that readers start: files, reports, comparisons.

A small number runs at once, the rest waits in the order in which it was asked for. A thread starts
what waits, and stops what would take more of the disk than its reader, or all of them, may have.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from dashboards import export_shares
from dashboards.components.numbers import file_size
from dashboards.export_limits import Limits, limits
from pipeline import room
from pipeline.layout import PROJECT, Warehouse
from pipeline.leftovers import sweep_scratch

_LOG = logging.getLogger(__name__)

_TICK_SECONDS = 0.1
_GRACE_SECONDS = 3.0  # from SIGTERM to SIGKILL
_FAILURES_KEPT = 500


@dataclass(frozen=True)
class Job:
    """A process to run. There is one job of a key at a time, whoever asks for it.

    What it writes into `folder` counts in the share of the reader who asked first.
    """

    key: str
    warehouse: Warehouse
    argv: Sequence[str]
    request: str = ""
    folder: Path | None = None


@dataclass
class _Entry:
    job: Job
    reader: str
    told: set[str]
    process: subprocess.Popen[bytes] | None = None
    said: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    began: float = 0.0
    stopped_because: str = ""
    kill_at: float = 0.0

    @property
    def size(self) -> int:
        return export_shares.size(self.job.folder) if self.job.folder else 0


class Queue:
    """Jobs in the order in which readers asked for them."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._failed: dict[tuple[str, str], str] = {}
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None

    def submit(self, job: Job, reader: str) -> None:
        """Put a job at the end of the queue; `failure` says why if it was refused."""
        with self._lock:
            self._failed.pop((job.key, reader), None)
            if entry := self._find(job.key):
                entry.told.add(reader)
                return
            if reason := self._objection(job, reader, limits()):
                self._fail(job.key, {reader}, reason)
                return
            self._entries.append(_Entry(job, reader, {reader}))
            self._advance()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="exports", daemon=True)
                self._thread.start()

    def is_there(self, key: str) -> bool:
        """Whether a job waits or runs."""
        with self._lock:
            return self._find(key) is not None

    def before(self, key: str) -> int | None:
        """How many jobs are before one that waits; None for one that runs, or is not there."""
        with self._lock:
            for number, entry in enumerate(self._entries):
                if entry.job.key == key:
                    return None if entry.process else number
        return None

    def seconds(self, key: str) -> float:
        """How long a job has been running."""
        with self._lock:
            entry = self._find(key)
            return time.monotonic() - entry.began if entry and entry.process else 0.0

    def failure(self, key: str, reader: str) -> str | None:
        """Why the last attempt of this reader was refused, stopped or failed."""
        return self._failed.get((key, reader))

    def forget_failures(self) -> None:
        self._failed.clear()

    def end(self) -> None:
        """Stop every process, as the server stops."""
        with self._lock:
            running = [entry.process for entry in self._entries if entry.process]
            self._entries.clear()
        for process in running:
            process.terminate()
        deadline = time.monotonic() + _GRACE_SECONDS
        for process in running:
            try:
                process.wait(max(deadline - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                process.kill()

    def _find(self, key: str) -> _Entry | None:
        return next((entry for entry in self._entries if entry.job.key == key), None)

    def _objection(self, job: Job, reader: str, allowed: Limits) -> str | None:
        own = [entry for entry in self._entries if entry.reader == reader]
        if len(own) >= allowed.per_reader:
            return (
                f"You have {len(own)} files waiting or being made, the most that one reader may "
                "have. Wait for one of them, then ask again."
            )
        if reason := short_of_space(job.warehouse):
            return reason
        return over_share(job.warehouse, reader, allowed) if job.folder else None

    def _fail(self, key: str, readers: set[str], reason: str) -> None:
        for reader in readers:
            self._failed[key, reader] = reason
        while len(self._failed) > _FAILURES_KEPT:
            del self._failed[next(iter(self._failed))]

    def _work(self) -> None:
        while True:
            time.sleep(_TICK_SECONDS)
            with self._lock:
                try:
                    self._advance()
                except OSError:
                    _LOG.exception("The queue of exports could not look at the disk.")
                if not self._entries:
                    self._thread = None
                    return

    def _advance(self) -> None:
        for entry in [entry for entry in self._entries if entry.process]:
            self._collect(entry)
        self._watch()
        places = limits().at_once - sum(1 for entry in self._entries if entry.process)
        waiting = [entry for entry in self._entries if not entry.process]
        for entry in waiting[: max(places, 0)]:
            self._start(entry)

    def _start(self, entry: _Entry) -> None:
        # The request may hold a secret, so it is on no disk; a pipe would wait for its reader.
        request = os.memfd_create("request")
        try:
            os.write(request, entry.job.request.encode())
            os.lseek(request, 0, os.SEEK_SET)
            entry.process = subprocess.Popen(
                list(entry.job.argv),
                stdin=request,
                stdout=subprocess.DEVNULL,
                stderr=entry.said,
                cwd=PROJECT,
            )
            entry.began = time.monotonic()
        except OSError as error:
            self._entries.remove(entry)
            self._fail(entry.job.key, entry.told, f"The worker could not start: {error}")
        finally:
            os.close(request)

    def _watch(self) -> None:
        """Stop what would take more of the disk than it may."""
        running = [each for each in self._entries if each.process and not each.stopped_because]
        writing = sorted(running, key=lambda each: each.size, reverse=True)
        if not writing:
            return
        if reason := short_of_space(writing[0].job.warehouse):
            self._stop(writing[0], reason)
        for entry in writing:
            if entry.stopped_because or entry.job.folder is None:
                continue
            own = sum(
                each.size
                for each in writing
                if each.reader == entry.reader and not each.stopped_because
            )
            if reason := over_share(entry.job.warehouse, entry.reader, limits(), own):
                self._stop(entry, reason)

    def _stop(self, entry: _Entry, reason: str) -> None:
        assert entry.process
        entry.stopped_because = reason
        entry.kill_at = time.monotonic() + _GRACE_SECONDS
        entry.process.terminate()

    def _collect(self, entry: _Entry) -> None:
        assert entry.process
        if entry.process.poll() is None:
            if entry.stopped_because and time.monotonic() >= entry.kill_at:
                entry.process.kill()
            return
        self._entries.remove(entry)
        entry.said.seek(0)
        said = entry.said.read().decode(errors="replace").strip()
        entry.said.close()
        folder, code = entry.job.folder, entry.process.returncode
        if code == 0:
            try:
                if folder and folder.is_dir():
                    export_shares.claim(folder, entry.reader)
                return
            except OSError as error:  # a full disk: the file counts for nobody, so it goes
                entry.stopped_because = f"The file could not be kept: {error}"
                if folder:
                    shutil.rmtree(folder, ignore_errors=True)
        if folder and folder.is_dir():
            sweep_scratch(folder)
            if not any(folder.glob("*.manifest.json")):
                shutil.rmtree(folder, ignore_errors=True)
        reason = entry.stopped_because or said or f"the worker ended with code {code}"
        self._fail(entry.job.key, entry.told, reason)


def short_of_space(warehouse: Warehouse) -> str | None:
    """Why no file may be written now: the next run needs what is left of the disk."""
    left, needed = room.free(warehouse), room.reserve(warehouse)
    if left >= needed:
        return None
    return (
        f"The disk of the server is nearly full: {file_size(left)} are free, and "
        f"{file_size(needed)} are kept for the next run. Try again later, or tell the operator."
    )


def over_share(warehouse: Warehouse, reader: str, allowed: Limits, own: int = 0) -> str | None:
    """Why this reader may keep no more; old files of theirs give way first.

    `own` is what their running jobs have written so far.
    """
    over = export_shares.kept(warehouse, reader) + own - allowed.kept
    if over < 0 or export_shares.make_room(warehouse, reader, over + 1):
        return None
    return (
        f"Your files would take more than {file_size(allowed.kept)}, the most that one reader may "
        "keep on the server. Narrow the list or the query, or ask again in an hour: the oldest "
        "files are deleted when they are older than that."
    )


QUEUE = Queue()
atexit.register(QUEUE.end)
