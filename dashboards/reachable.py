"""Which addresses the server answers, and whom. What is on no list here does not exist.

Patterns are those of Starlette's routes. A GET permits HEAD. `WEBSOCKET` stands for the method of
a socket. A test reads every route of the installed Streamlit and fails when one is on no list.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Literal

from starlette.routing import compile_path
from streamlit.file_util import get_static_dir

from dashboards import links
from dashboards.registry import PAGES

Caller = Literal["anyone", "signed in"]

SIGN_IN, CALLBACK, SIGN_OUT = "/auth/login", "/oauth2callback", "/auth/logout"
HEALTHZ, ICON = "/healthz", "/icon.svg"
SOCKET = "WEBSOCKET"
_STATIC = "/static/"

# The first page is at `/`; its own name leads there.
FIRST = f"/{PAGES[0].name}"
PAGE_ADDRESSES = {"/": PAGES[0], **{f"/{page.name}": page for page in PAGES[1:]}}

ANYONE: tuple[tuple[str, str], ...] = (
    *(("GET", address) for address in (*PAGE_ADDRESSES, FIRST)),
    ("GET", HEALTHZ),
    ("GET", ICON),
    # The scripts, styles and fonts of Streamlit, which hold nothing of ours.
    ("GET", "/static/{path:path}"),
    # What Streamlit's script asks before it opens the socket.
    ("GET", "/_stcore/health"),
    ("GET", "/_stcore/host-config"),
    (SOCKET, "/_stcore/stream"),
)

# With a sign-in provider only.
SIGNING_IN = (("GET", SIGN_IN), ("GET", CALLBACK), ("GET", SIGN_OUT))

SIGNED_IN = (("GET", links.ROUTE),)

# What Streamlit offers and this app does not use. The gateway needs no such list: it is for the
# test, so that every route of a new Streamlit is decided on.
_ALL_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_UPLOADS = "/_stcore/upload_file/{session_id}/{file_id}"
NOBODY = (
    # Uploads stay in memory and need no session.
    ("PUT", _UPLOADS),
    ("DELETE", _UPLOADS),
    ("OPTIONS", _UPLOADS),
    ("GET", "/_stcore/metrics"),
    ("OPTIONS", "/_stcore/metrics"),
    # Other sites have nothing to ask in advance.
    ("OPTIONS", "/_stcore/health"),
    # Images and files that pages show: no page shows any. Components: no page has any.
    ("GET", "/media/{file_id:path}"),
    ("OPTIONS", "/media/{file_id:path}"),
    ("GET", "/component/{path:path}"),
    ("OPTIONS", "/component/{path:path}"),
    ("GET", "/_stcore/bidi-components/{path:path}"),
    ("OPTIONS", "/_stcore/bidi-components/{path:path}"),
    *(
        (method, f"/_stcore/agent/{name}")
        for name in ("interact", "openapi.json", "mcp")
        for method in _ALL_METHODS
    ),
    # The rest of Streamlit's static folder: its shell (ours is served in its place) and its icon.
    ("GET", "/index.html"),
    ("GET", "/favicon.png"),
    ("GET", "/manifest.json"),
)


def who_may(method: str, path: str, has_provider: bool) -> Caller | None:
    """Who may ask for this; None when there is nothing at this address."""
    method = "GET" if method == "HEAD" else method
    if _is_on(ANYONE, method, path):
        return "anyone" if not path.startswith(_STATIC) or path in _static_files() else None
    if has_provider and _is_on(SIGNING_IN, method, path):
        return "anyone"
    return "signed in" if _is_on(SIGNED_IN, method, path) else None


def _is_on(entries: tuple[tuple[str, str], ...], method: str, path: str) -> bool:
    # Whole: `$` would let a line break follow.
    return any(
        method == permitted and _regex(pattern).fullmatch(path) for permitted, pattern in entries
    )


@lru_cache(maxsize=200)
def _regex(pattern: str) -> re.Pattern[str]:
    return compile_path(pattern)[0]


@lru_cache(maxsize=1)
def _static_files() -> frozenset[str]:
    """Streamlit answers for a file that it does not have with its shell and 200."""
    folder = Path(get_static_dir())
    return frozenset(
        f"/{path.relative_to(folder).as_posix()}"
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] == _STATIC.strip("/")
    )
