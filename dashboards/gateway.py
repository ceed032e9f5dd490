"""What stands before every request: who may come in at all, and the way back after signing in.

- Without a provider only this machine is answered, whatever address the server listens on.
- With one, cookies that we did not sign are dropped before Streamlit sees them.
- `st.login` sends everybody to the first page afterwards. The page that was asked for is kept in
  a cookie for the minutes that signing in takes, and the answer of the callback leads there.
- Signing in and out leave a line in the audit log; a session that signed out stays out.
"""

from __future__ import annotations

import base64
import binascii
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards import audit, auth, data, sessions
from dashboards.access import Access, is_local, settings
from dashboards.auth import User
from dashboards.registry import PAGES

SIGN_IN, CALLBACK, SIGN_OUT = "/auth/login", "/oauth2callback", "/auth/logout"
FAILED = "/?sign_in=failed"
_NEXT = "mhhs_next"
_NEXT_SECONDS = 600
_LONGEST_NEXT = 2500
_PAGES = frozenset({"/", *(f"/{page.name}" for page in PAGES)})

_NOT_LOCAL = (
    "This app has no sign-in provider, so it answers on its own machine alone. Its operator can "
    "set up a provider: see docs/access.md."
)


class Gateway:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        access = settings()
        connection = HTTPConnection(scope)
        if access is None:
            if _is_from_here(connection):
                await self.app(scope, receive, _with_headers(send, None))
            else:
                await _refuse(scope, receive, send)
            return
        if scope["type"] == "websocket":
            _drop_forged(scope, connection, access)
            await self.app(scope, receive, send)
            return
        await self._answer(scope, receive, send, access)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, access: Access) -> None:
        connection = HTTPConnection(scope)
        path = connection.url.path
        if path == SIGN_OUT:
            await run_in_threadpool(_sign_out, sessions.reader(connection.cookies))
        going = _asked_for(connection, access)
        with_headers = _with_headers(send, access)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if path == CALLBACK:
                    await run_in_threadpool(_come_back, headers, connection)
                elif going:
                    headers.append("set-cookie", _next_cookie(going, _NEXT_SECONDS))
            await with_headers(message)

        await self.app(scope, receive, sending)


def _is_from_here(connection: HTTPConnection) -> bool:
    """From this machine, and asking for it: a foreign name may be a trap set in another tab."""
    try:
        host = urlsplit(f"//{connection.headers.get('host', '')}").hostname
    except ValueError:
        host = None
    client = connection.client.host if connection.client else ""
    return is_local(client) and host is not None and is_local(host)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": "not on this machine"})
    else:
        await PlainTextResponse(_NOT_LOCAL, status_code=403)(scope, receive, send)


def _drop_forged(scope: Scope, connection: HTTPConnection, access: Access) -> None:
    if sessions.verified_claims(connection.cookies, access) is None:
        kept = "; ".join(
            f"{name}={value}"
            for name, value in connection.cookies.items()
            if not name.startswith(sessions.COOKIE)
        )
        scope["headers"] = [
            *((name, value) for name, value in scope["headers"] if name != b"cookie"),
            (b"cookie", kept.encode("latin-1")),
        ]


def _sign_out(user: User) -> None:
    if user.name:
        auth.sign_out(user)
        _record("sign_out", user)


def _asked_for(connection: HTTPConnection, access: Access) -> str | None:
    """The page to come back to, if this request asks for one or for signing in from one."""
    if connection.scope["method"] != "GET":
        return None
    url = connection.url
    if url.path == SIGN_IN:
        came_from = connection.headers.get("referer", "")
        if not came_from.startswith(f"{access.address}/"):
            return None
        url = url.replace(path=urlsplit(came_from).path, query=urlsplit(came_from).query)
        return _page(url.path, url.query)
    if "text/html" not in connection.headers.get("accept", ""):
        return None
    return None if sessions.reader(connection.cookies).name else _page(url.path, url.query)


def _page(path: str, query: str) -> str | None:
    """The address of a page with its filters, None for what is no page of ours."""
    path = path.rstrip("/") or "/"
    if path not in _PAGES or f"{path}?{query}" == FAILED:
        return None
    whole = f"{path}?{query}" if query else path
    return whole if len(whole) <= _LONGEST_NEXT else path


def _come_back(headers: MutableHeaders, connection: HTTPConnection) -> None:
    """After the provider: to the page that was asked for, or to the word that it failed."""
    cookies: SimpleCookie = SimpleCookie()
    for line in headers.getlist("set-cookie"):
        cookies.load(line)
    user = sessions.reader({name: morsel.value for name, morsel in cookies.items()})
    if user.name:
        _record("sign_in", user, roles=user.roles_in_words())
        headers["location"] = _next(connection) or "/"
        headers.append("set-cookie", _next_cookie("", 0))
    elif {"code", "error"} & connection.query_params.keys():
        headers["location"] = FAILED


def _next(connection: HTTPConnection) -> str | None:
    """What the cookie says, if it is a page: anybody can write a cookie."""
    try:
        text = base64.urlsafe_b64decode(connection.cookies.get(_NEXT, "")).decode("ascii")
        parts = urlsplit(text)
    except (binascii.Error, ValueError):
        return None
    is_ours = not parts.scheme and not parts.netloc and text.isprintable()
    return _page(parts.path, parts.query) if is_ours else None


def _next_cookie(address: str, seconds: int) -> str:
    value = base64.urlsafe_b64encode(address.encode()).decode()
    return f"{_NEXT}={value}; Path={CALLBACK}; Max-Age={seconds}; HttpOnly; SameSite=Lax"


def _with_headers(send: Send, access: Access | None) -> Send:
    """Headers that keep addresses and pages from other sites, and cookies as short as sessions."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Referrer-Policy"] = "same-origin"
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Content-Security-Policy"] = "frame-ancestors 'self'"
            if access:
                if access.is_https:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
                message["headers"] = [
                    (name, _short(value, access) if name == b"set-cookie" else value)
                    for name, value in message["headers"]
                ]
        await send(message)

    return sending


def _short(cookie: bytes, access: Access) -> bytes:
    text = cookie.decode("latin-1")
    if text.startswith(sessions.TOKENS_COOKIE):
        # Signing out needs the tokens, nothing else does: they need not travel with every request.
        text = text.replace("Path=/;", f"Path={SIGN_OUT};")
    if text.startswith(sessions.COOKIE):
        seconds = int(access.session_hours * 3600)
        text = text.replace("Max-Age=2592000", f"Max-Age={seconds}")
    if access.is_https:
        text += "; Secure"
    return text.encode("latin-1")


def _record(kind: str, user: User, **facts: str) -> None:
    audit.record(data.store.warehouse().audit_log, kind, user.name, **user.identity(), **facts)
