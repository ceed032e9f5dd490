"""The HTML that a browser gets first: Streamlit's, with our title, description, icon and script.

Streamlit's script fills it. Until then, and for those without a script, it says what this is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse
from starlette.routing import Route
from streamlit.file_util import get_static_dir

from dashboards.reachable import ICON, PAGE_ADDRESSES

PRODUCT = "MHHS readiness"
DESCRIPTION = (
    "Which Suppliers and agents hold, gain, migrate or serve Metering Points without being MHHS "
    "Qualified, since when, and why."
)
_ASSETS = Path(__file__).resolve().parent / "assets"
ICON_FILE = _ASSETS / "icon.svg"

_NO_SCRIPT = f"<noscript><p>{PRODUCT} needs JavaScript. Allow it for this site.</p></noscript>"
_TITLE = '<title>{title}</title><meta name="description" content="{words}" />'
_ICON = f'<link rel="shortcut icon" type="image/svg+xml" href="{ICON}" />'
_SCRIPT = "<script>{script}</script></head>"
_PARTS = (
    (r"</head>", _SCRIPT),
    (r"<title>.*?</title>", _TITLE),
    (r'<link rel="shortcut icon"[^>]*>', _ICON),
    (r'<link rel="service-desc"[^>]*>', ""),
    (r"<noscript>.*?</noscript>", _NO_SCRIPT),
    (r"<!--.*?-->", ""),
)


def title_of(page: str) -> str:
    """What the tab of a page says."""
    return f"{page} · {PRODUCT}"


def shell(page: str) -> str:
    """The HTML of a page."""
    script = (_ASSETS / "page.js").read_text("utf-8")
    title, words = escape(title_of(page)), escape(DESCRIPTION)
    return _template().format(script=script, title=title, words=words)


@lru_cache(maxsize=1)
def _template() -> str:
    text = (Path(get_static_dir()) / "index.html").read_text("utf-8")
    text = text.replace("{", "{{").replace("}", "}}")
    for pattern, ours in _PARTS:
        text, found = re.subn(pattern, ours, text, flags=re.DOTALL)
        if not found:
            raise RuntimeError(f"The shell of this version of Streamlit has no {pattern}.")
    return text


def routes() -> list[Route]:
    """Every page at its address, and the icon."""
    fresh = {"Cache-Control": "no-cache"}

    def page_route(address: str, title: str) -> Route:
        html = shell(title)

        async def page(_: Request) -> HTMLResponse:
            return HTMLResponse(html, headers=fresh)

        return Route(address, page)

    async def icon(_: Request) -> FileResponse:
        return FileResponse(ICON_FILE, media_type="image/svg+xml", headers=fresh)

    pages = [page_route(address, page.title) for address, page in PAGE_ADDRESSES.items()]
    return [*pages, Route(ICON, icon)]
