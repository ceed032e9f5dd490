"""Answers in words: a page for a browser, plain text for everything else."""

from __future__ import annotations

from html import escape

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} · MHHS readiness</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/icon.svg">
<style>body{{font:1.1rem/1.5 sans-serif;max-width:38rem;margin:4rem auto;padding:0 1rem;
color:#0b0c0c;background:#fff}}a{{color:#12436d}}</style></head>
<body><main><h1>{title}</h1><p>{words}</p><p><a href="/">Go to the Overview</a></p></main></body>
</html>"""


def answer(connection: HTTPConnection, status: int, title: str, words: str) -> Response:
    """Refuse or explain: what happened, and what to do."""
    headers = {"Cache-Control": "no-store"}
    if status == 503:
        headers["Retry-After"] = "30"
    if has_body(connection):
        headers["Connection"] = "close"  # what follows of the request is not read
    if "text/html" in connection.headers.get("accept", ""):
        page = _PAGE.format(title=escape(title), words=escape(words))
        return HTMLResponse(page, status, headers)
    return PlainTextResponse(words, status, headers)


async def refuse_socket(
    scope: Scope, receive: Receive, send: Send, status: int, words: str
) -> None:
    """Answer a socket with a status and words, where the server can; close it where not."""
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": words[:100]})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": words.encode()})


def has_body(connection: HTTPConnection) -> bool:
    """Whether the request announces a body."""
    length = connection.headers.get("content-length", "0").strip()
    return "transfer-encoding" in connection.headers or length.strip("0") != ""
