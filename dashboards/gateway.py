"""What stands before every request: who may come in at all, and the way back after signing in.

- Without a provider only this machine is answered, whatever address the server listens on.
- What is on no list of `reachable.py` is not there, for anybody. No request has a body.
- A socket comes from a page of ours, and there are only so many (`limits.py`).
- With a provider, cookies that we did not sign are dropped before Streamlit sees them.
- `st.login` sends everybody to the first page afterwards. The page that was asked for is kept in
  a cookie for the minutes that signing in takes, and the answer of the callback leads there.
- Signing in leaves a line in the audit log. Signing out begins with the button of a page: a link
  to `/auth/logout` on another site ends no session.
- An error is told with a reference; what it was is in the log.
"""

from __future__ import annotations

import base64
import binascii
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards import audit, data, failures, sessions
from dashboards.access import Access, is_local, settings
from dashboards.answers import answer, has_body, refuse_socket
from dashboards.auth import User
from dashboards.limits import TOO_MANY, Places
from dashboards.reachable import (
    CALLBACK,
    FIRST,
    PAGE_ADDRESSES,
    SIGN_IN,
    SIGN_OUT,
    SOCKET,
    who_may,
)

FAILED = "/?sign_in=failed"
_NEXT = "mhhs_next"
_NEXT_SECONDS = 600
_LONGEST_NEXT = 2500

_NOT_LOCAL = (
    "This app has no sign-in provider, so it answers on its own machine alone. Its operator can "
    "set up a provider: see docs/access.md."
)


NOT_SIGNED_IN = "Sign in first, then go back to the page and ask for the file again."
_NOTHING = "There is nothing at this address. Look whether it is spelt as you were given it."
_NO_BODIES = "No address of this server takes a request body."
_OTHER_SITE = "This socket was not opened by a page of this app."
_SIGN_OUT_HERE = "To sign out, open the menu with your name on a page of this app: Sign out."
_FAILED = "The request failed because of an error in the app. Reference: {id}"


# Browsers fetch nothing from other sites, whatever Streamlit or a chart asks for.
_POLICY = "; ".join(
    [
        "default-src 'self'",
        # Streamlit and Plotly need both; what matters here is from where.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "frame-ancestors 'self'",
    ]
)


class Gateway:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.places = Places()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._answer_socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer_request(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _answer_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        access = settings()
        connection = HTTPConnection(scope)
        if access is None and not _is_from_here(connection):
            await refuse_socket(scope, receive, send, 403, _NOT_LOCAL)
        elif who_may(SOCKET, scope["path"], access is not None) is None:
            await refuse_socket(scope, receive, send, 404, _NOTHING)
        elif not _is_ours(connection, access):
            await refuse_socket(scope, receive, send, 403, _OTHER_SITE)
        elif not self.places.is_free(_anonymous(connection)):
            await refuse_socket(scope, receive, send, 503, TOO_MANY)
        else:
            with self.places.taken(_anonymous(connection)):
                if access:
                    _drop_forged(scope, connection, access)
                try:
                    await self.app(scope, receive, send)
                except Exception as error:
                    failures.log(error, "a socket failed")

    async def _answer_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        access = settings()
        connection = HTTPConnection(scope)
        sending = _with_headers(send, access)
        refusal = self._refusal(connection, access)
        if refusal:
            await refusal(scope, receive, sending)
            return
        is_started = False

        async def watching(message: Message) -> None:
            nonlocal is_started
            is_started = True
            await sending(message)

        try:
            if access:
                await self._answer(scope, receive, watching, access)
            else:
                await self.app(scope, receive, watching)
        except Exception as error:
            words = _FAILED.format(id=failures.log(error, f"{scope['method']} failed"))
            if is_started:
                raise
            await answer(connection, 500, "Error", words)(scope, receive, sending)

    def _refusal(self, connection: HTTPConnection, access: Access | None) -> Response | None:
        """The answer to a request that goes no further."""
        path: str = connection.scope["path"]
        if access is None and not _is_from_here(connection):
            return answer(connection, 403, "Not on this machine", _NOT_LOCAL)
        plain = path.rstrip("/")
        if (plain != path and plain in PAGE_ADDRESSES) or plain == FIRST:
            query = connection.url.query
            address = "/" if plain == FIRST else plain
            return RedirectResponse(f"{address}?{query}" if query else address, 307)
        caller = who_may(connection.scope["method"], path, access is not None)
        if caller is None:
            return answer(connection, 404, "Not found", _NOTHING)
        if has_body(connection):
            return answer(connection, 413, "Too large", _NO_BODIES)
        if caller == "signed in" and not sessions.reader(connection.cookies).name:
            return answer(connection, 403, "Not signed in", NOT_SIGNED_IN)
        if path == SIGN_OUT and sessions.reader(connection.cookies).name:
            return answer(connection, 403, "Not signed out", _SIGN_OUT_HERE)
        if path in PAGE_ADDRESSES and not self.places.is_free(_anonymous(connection)):
            return answer(connection, 503, "Too many pages", TOO_MANY)
        return None

    async def _answer(self, scope: Scope, receive: Receive, send: Send, access: Access) -> None:
        connection = HTTPConnection(scope)
        path = connection.url.path
        going = _asked_for(connection, access)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if path == CALLBACK:
                    await run_in_threadpool(_come_back, headers, connection)
                elif going:
                    headers.append("set-cookie", _next_cookie(going, _NEXT_SECONDS))
            await send(message)

        await self.app(scope, receive, sending)


def _is_from_here(connection: HTTPConnection) -> bool:
    """From this machine, and asking for it: a foreign name may be a trap set in another tab."""
    try:
        host = urlsplit(f"//{connection.headers.get('host', '')}").hostname
    except ValueError:
        host = None
    client = connection.client.host if connection.client else ""
    return is_local(client) and host is not None and is_local(host)


def _is_ours(connection: HTTPConnection, access: Access | None) -> bool:
    """Whether the page that opens a socket is one of this app: same scheme, host and port.

    Streamlit itself lets in pages of every port of this machine.
    """
    ours = access.address if access else f"http://{connection.headers.get('host', '')}"
    return connection.headers.get("origin") == ours


def _anonymous(connection: HTTPConnection) -> str | None:
    """The address of a caller who has no name."""
    if sessions.reader(connection.cookies).name:
        return None
    return connection.client.host if connection.client else ""


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
    if path not in PAGE_ADDRESSES or f"{path}?{query}" == FAILED:
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
            headers["Content-Security-Policy"] = _POLICY
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
