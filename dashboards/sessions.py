"""The cookie of the sign-in, read where there is no Streamlit session: at requests for files.

Streamlit signs the claims of the ID token into a cookie, or into several where one would be too
long (`_streamlit_user` then says how many, `_streamlit_user_1` and so on hold the parts).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer
from streamlit.web.server.starlette.starlette_server_config import (
    TOKENS_COOKIE_NAME,
    USER_COOKIE_NAME,
)

from dashboards import auth
from dashboards.access import Access, settings
from dashboards.auth import User

COOKIE = USER_COOKIE_NAME
TOKENS_COOKIE = TOKENS_COOKIE_NAME
_PARTS = re.compile(r"chunks-(\d{1,2})")
# Parts of one cookie are signed within one answer: a part of another sign-in must not fit in.
_SIGNED_TOGETHER_SECONDS = 2


def reader(cookies: Mapping[str, str]) -> User:
    """Who sends these cookies: the local user without a provider, ANONYMOUS for what is forged."""
    access = settings()
    if access is None:
        return auth.LOCAL_USER
    claims = verified_claims(cookies, access)
    return auth.user_of(claims, access) if claims else auth.ANONYMOUS


def verified_claims(cookies: Mapping[str, str], access: Access) -> dict[str, Any] | None:
    """The claims in the cookie, None unless every part is signed by us, for this address."""
    text = _text(cookies, access)
    try:
        claims = json.loads(text) if text else None
    except ValueError:
        return None
    if not isinstance(claims, dict) or claims.get("origin") != access.address:
        return None
    return claims


def _text(cookies: Mapping[str, str], access: Access) -> str | None:
    first = _signed(cookies, COOKIE, access)
    if first is None:
        return None
    text, signed_at = first
    counted = _PARTS.fullmatch(text)
    if counted is None:
        return text
    parts = [
        _signed(cookies, f"{COOKIE}_{number}", access) for number in range(1, int(counted[1]) + 1)
    ]
    whole = [
        part[0]
        for part in parts
        if part and abs((part[1] - signed_at).total_seconds()) <= _SIGNED_TOGETHER_SECONDS
    ]
    return "".join(whole) if len(whole) == len(parts) else None


def _signed(cookies: Mapping[str, str], name: str, access: Access) -> tuple[str, datetime] | None:
    try:
        value, at = URLSafeTimedSerializer(access.cookie_secret, salt=name).loads(
            cookies.get(name, ""),
            max_age=int(access.session_hours * 3600),
            return_timestamp=True,
        )
    except BadData:
        return None
    return (value, at) if isinstance(value, str) else None
