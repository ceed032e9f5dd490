"""The server: the Streamlit app, and the one route that hands out files.

`st.download_button` is not used for data: it keeps the whole file in memory and serves it to
anybody who knows the address.
"""

from __future__ import annotations

import json
from pathlib import Path

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from dashboards import data, links

_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


async def serve_export(request: Request) -> Response:
    """The file of a valid token; 403 for any other, 404 for a file that is no longer kept."""
    claim = links.verify(request.path_params["token"])
    if claim is None:
        return PlainTextResponse(
            "This link has expired or is not valid. Go back to the page and ask for the file "
            "again.",
            status_code=403,
        )
    exports = data.store.warehouse().exports.resolve()
    path = (exports / claim.file).resolve()
    if not path.is_relative_to(exports) or not path.is_file():
        return PlainTextResponse(
            "This file is no longer kept. Go back to the page and ask for it again.",
            status_code=404,
        )
    await run_in_threadpool(_record, path, claim)
    return FileResponse(
        path,
        filename=path.name,
        media_type=_TYPES.get(path.suffix, "application/octet-stream"),
        headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"},
    )


def _record(path: Path, claim: links.Claim) -> None:
    manifest_path = path.with_name(f"{path.name}.manifest.json")
    if manifest_path.exists():
        manifest = json.loads(manifest_path.read_text("utf-8"))
        links.record_download(data.store.warehouse().logs / "downloads.jsonl", claim, manifest)


app = st.App(
    Path(__file__).resolve().parent / "app.py",
    routes=[Route(links.ROUTE, serve_export)],
)
