"""Comparisons asked for by a page: one worker process, which runs the rules once more.

It waits in the queue of the exports (`export_queue.py`), one for the whole server.

The result is kept with the warehouse (`history/comparisons`), so a pair is compared once, by
whoever comes first: the daily run, the command line or a reader.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass

from dashboards import data
from dashboards.auth import current_user
from dashboards.data import View
from dashboards.export_queue import QUEUE, Job
from pipeline import CONTRACT_VERSION, comparison
from pipeline.comparison import Comparison

_SENTENCE = "Error: "


@dataclass(frozen=True)
class Pair:
    """Two publications, the earlier one first."""

    before: View
    after: View

    @property
    def name(self) -> str:
        return f"{self.before.publication_id} {self.after.publication_id}"

    @property
    def causes(self) -> tuple[str, str]:
        """What can have changed an exception between the two."""
        is_of_now = self.before.contract == self.after.contract == CONTRACT_VERSION
        return ("REAL", "CORRECTION" if is_of_now else "DEFINITION_CHANGED")

    def result(self) -> Comparison | None:
        """The finished comparison."""
        return comparison.known(data.store.warehouse(), self.before, self.after)


_pair: Pair | None = None
_lock = threading.Lock()


def start(pair: Pair) -> None:
    """Queue the worker, unless there is one or the result is there: one fits the machine."""
    global _pair
    with _lock:
        if _working() is not None or pair.result():
            return
        warehouse = data.store.warehouse()
        argv = (
            *(sys.executable, "-m", "pipeline", "compare"),
            *(pair.before.publication_id, pair.after.publication_id),
            *("--warehouse", str(warehouse.root.resolve()), "--json"),
        )
        QUEUE.submit(Job(_key(pair), warehouse, argv), current_user().key)
        _pair = pair


def at_work() -> Pair | None:
    """The pair that waits or is being compared now, if there is one."""
    with _lock:
        return _working()


def before() -> int | None:
    """How many jobs are before the comparison that waits; None if it runs."""
    with _lock:
        return QUEUE.before(_key(_pair)) if _pair else None


def seconds() -> float:
    """How long the worker has been at work."""
    with _lock:
        return QUEUE.seconds(_key(_pair)) if _pair else 0.0


def failure(pair: Pair) -> str | None:
    """Why the last attempt at this pair failed, in one sentence."""
    said = QUEUE.failure(_key(pair), current_user().key)
    if said is None:
        return None
    _, found, reason = said.rpartition(_SENTENCE)  # what the command line says after `Error:`
    return " ".join((reason if found else said).split())


def _working() -> Pair | None:
    return _pair if _pair and QUEUE.is_there(_key(_pair)) else None


def _key(pair: Pair) -> str:
    return f"compare {pair.name}"
