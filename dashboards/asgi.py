"""The app that the server runs: Streamlit's, the HTML of each page, and our own routes.

`st.download_button` is not used for data: it keeps the whole file in memory and serves it to
anybody who knows the address.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from dashboards import (
    audit,
    data,
    exporting,
    failures,
    healthz,
    links,
    sessions,
    shell,
    warming,
)
from dashboards.access import settings
from dashboards.auth import User
from dashboards.gateway import NOT_SIGNED_IN, Gateway
from dashboards.reachable import HEALTHZ
from pipeline.modes import keep_private
from pipeline.tidying import tidy

_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_FACTS = ("publication_id", "rows", "sha256", "filters")

NOT_VALID = "This link has expired or is not valid. Go back to the page and ask for the file again."
NOT_YOURS = (
    "This link was made for somebody else. Open the page yourself and ask for the file there."
)
GONE = "This file is no longer kept. Go back to the page and ask for it again."


async def serve_export(request: Request) -> Response:
    """The file of a valid token, to the user whom it names and who still has the role.

    403 for anybody else, 404 for a file that is no longer kept. A file whose audit line cannot be
    written is not served.
    """
    user = sessions.reader(request.cookies)
    if not user.name:
        return _refusal(NOT_SIGNED_IN)
    claim = links.verify(request.path_params["token"])
    if claim is None:
        return _refusal(NOT_VALID)
    if reason := _objection(user, claim):
        await run_in_threadpool(_record, "refused", user, claim, {"reason": reason})
        return _refusal(reason)
    exports = data.store.warehouse().exports.resolve()
    path = (exports / claim.file).resolve()
    if not path.is_relative_to(exports) or not path.is_file():
        return _refusal(GONE, 404)
    if request.method == "GET":
        await run_in_threadpool(_record, "download", user, claim, _known_of(path))
    return FileResponse(
        path,
        filename=path.name,
        media_type=_TYPES.get(path.suffix, "application/octet-stream"),
        headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"},
    )


def _objection(user: User, claim: links.Claim) -> str | None:
    """Why this user does not get what the token grants."""
    if user.key != claim.reader:
        return NOT_YOURS
    if claim.role and not user.may(claim.role):
        return f"This file needs the role {claim.role}, which you do not have."
    return None if user.roles else "You have no role in this app."


def _refusal(words: str, status: int = 403) -> Response:
    return PlainTextResponse(words, status_code=status, headers={"Cache-Control": "no-store"})


def _known_of(path: Path) -> dict[str, Any]:
    manifest_path = path.with_name(f"{path.name}.manifest.json")
    manifest = exporting.known_manifest(manifest_path) or {}
    return {name: manifest.get(name) for name in _FACTS}


def _record(kind: str, user: User, claim: links.Claim, facts: dict[str, Any]) -> None:
    log = data.store.warehouse().audit_log
    audit.record(log, kind, user.name, **user.identity(), file=claim.file, **facts)


keep_private()
tidy(data.store.warehouse())
warming.warm()
failures.keep_one_traceback()
_access = settings()
app = st.App(
    Path(__file__).resolve().parent / "app.py",
    secrets=_access.secrets() if _access else None,
    routes=[
        Route(links.ROUTE, serve_export),
        Route(HEALTHZ, healthz.serve_health),
        *shell.routes(),
    ],
    middleware=[Middleware(Gateway)],
    on_script_error=failures.show,
)
