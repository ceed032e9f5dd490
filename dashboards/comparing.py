"""Comparisons asked for by a page: one worker process, which runs the rules once more.

The result is kept with the warehouse (`history/comparisons`), so a pair is compared once, by
whoever comes first: the daily run, the command line or a reader.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import dataclass

from dashboards import data
from dashboards.data import View
from pipeline import comparison
from pipeline.comparison import Comparison
from pipeline.layout import PROJECT

_SENTENCE = "Error: "


@dataclass(frozen=True)
class Pair:
    """Two publications, the earlier one first."""

    before: View
    after: View

    @property
    def name(self) -> str:
        return f"{self.before.publication_id} {self.after.publication_id}"

    def result(self) -> Comparison | None:
        """The finished comparison."""
        return comparison.known(data.store.warehouse(), self.before, self.after)


@dataclass
class _Work:
    pair: Pair
    process: subprocess.Popen[str]
    began: float


_work: _Work | None = None
_failed: dict[str, str] = {}
_lock = threading.Lock()


def start(pair: Pair) -> None:
    """Start the worker, unless one is at work or the result is there: one fits the machine."""
    global _work
    with _lock:
        _collect()
        if _work is not None or pair.result():
            return
        _failed.pop(pair.name, None)
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "pipeline", "compare"),
                *(pair.before.publication_id, pair.after.publication_id),
                *("--warehouse", str(data.store.warehouse().root.resolve()), "--json"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
        )
        _work = _Work(pair, process, time.monotonic())


def at_work() -> Pair | None:
    """The pair that the worker compares now, if there is one."""
    with _lock:
        _collect()
        return _work.pair if _work else None


def seconds() -> float:
    """How long the worker has been at work."""
    with _lock:
        return time.monotonic() - _work.began if _work else 0.0


def failure(pair: Pair) -> str | None:
    """Why the last attempt at this pair failed, in one sentence."""
    return _failed.get(pair.name)


def _collect() -> None:
    global _work
    if _work is None or _work.process.poll() is None:
        return
    said = _work.process.stderr.read() if _work.process.stderr else ""
    if _work.process.stderr:
        _work.process.stderr.close()
    if _work.process.returncode != 0:
        _failed[_work.pair.name] = _reason(said, _work.process.returncode)
    _work = None


def _reason(said: str, code: int) -> str:
    """What the command line says after `Error:`, on one line."""
    _, found, reason = said.rpartition(_SENTENCE)
    return " ".join(reason.split()) if found else f"the worker ended with code {code}"
