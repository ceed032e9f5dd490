"""`/healthz` for monitors: is there something to read, and is it recent? No figures."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from dashboards import data
from dashboards.data import View
from dashboards.limits import max_age_days
from pipeline import json_files
from pipeline.clock import today

# Asked as often as anybody likes, the folder is looked at once a second.
_KEPT_SECONDS = 1.0
_DUCKDB = b"DUCK"
_lock = threading.Lock()
_answer: tuple[float, int, dict[str, Any]] | None = None


def serve_health(request: Request) -> JSONResponse:
    """200 with what is published; 503 if nothing can be read or the as-of day is too old."""
    status, facts = _kept_answer()
    return JSONResponse(facts, status, headers={"Cache-Control": "no-store"})


def health() -> tuple[int, dict[str, Any]]:
    """The status and what is known."""
    try:
        view = next((each for each in data.store.kept() if each.is_current), None)
        if view is None or not _is_readable(view):
            return 503, {"status": "no publication", "publication_id": None}
        age, limit = (today() - view.as_of).days, max_age_days()
        is_old = age > limit
        return 503 if is_old else 200, {
            "status": "too old" if is_old else "ok",
            "publication_id": view.publication_id,
            "as_of": view.as_of.isoformat(),
            "age_days": age,
            "max_age_days": limit,
            "last_gate": _last_gate(view),
        }
    except Exception:
        # Whatever is damaged: a monitor must hear of it, and no caller needs to know more.
        return 503, {"status": "no publication", "publication_id": None}


def _kept_answer() -> tuple[int, dict[str, Any]]:
    global _answer
    with _lock:
        now = time.monotonic()
        if _answer is None or now - _answer[0] >= _KEPT_SECONDS:
            _answer = (now, *health())
        return _answer[1], _answer[2]


def _is_readable(view: View) -> bool:
    """The head of the file: opening a large one takes seconds."""
    with Path(view.path).open("rb") as file:
        return file.read(12)[8:] == _DUCKDB


def _last_gate(view: View) -> str:
    """`failed` or `held` if the newest build after this publication was."""
    path = data.store.warehouse().last_failure
    if not path.exists():
        return "passed"
    try:
        failure = json_files.read(path, json_files.LastFailure)
        if datetime.fromisoformat(failure["failed_at"]) <= view.built_at:
            return "passed"
    except (OSError, ValueError, json_files.DamagedFile):
        return "unknown"
    return "held" if failure.get("held") else "failed"
