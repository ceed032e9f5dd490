"""A provider of identities on this machine, the people it knows, and cookies made by hand."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import oidc_provider_mock
from itsdangerous import URLSafeTimedSerializer
from oidc_provider_mock import User

from dashboards import auth

ISSUER = "http://localhost"
COOKIE_SECRET = "a cookie secret only for tests, and long"
# Many groups by number, as large organisations have: the cookie then comes in parts.
_MANY = [str(uuid5(NAMESPACE_DNS, f"group {number}")) for number in range(250)]
# Name at the provider to the claims of its ID token.
PEOPLE: dict[str, dict[str, Any]] = {
    "lea": {"email": "lea@board.example", "groups": ["MHHS Board"]},
    "ann": {"email": "ann@analysis.example", "groups": ["MHHS Analysts", "Chess club"]},
    "cat": {"email": "cat@compliance.example", "groups": ["MHHS Compliance"]},
    "col": {"email": "col@compliance.example", "groups": [*_MANY, "MHHS Compliance"]},
    "ada": {"email": "ada@it.example", "groups": ["MHHS Board", "MHHS Operators"]},
    "new": {"email": "new@example.com", "groups": ["admin", "compliance", "Chess club"]},
}
ROLES = {
    "lea": {"leadership"},
    "ann": {"analyst"},
    "cat": {"compliance"},
    "col": {"compliance"},
    "ada": {"leadership", "admin"},
    "new": set(),
}


@contextmanager
def provider(port: int, seconds: int = 3600, users: Sequence[User] = ()) -> Iterator[str]:
    """The provider on a port; its tokens hold for so many seconds. Yields its metadata address."""
    users = users or [User(sub=name, claims=claims) for name, claims in PEOPLE.items()]
    with oidc_provider_mock.run_server_in_thread(
        port, access_token_max_age=timedelta(seconds=seconds), user_claims=users
    ):
        yield f"http://localhost:{port}/.well-known/openid-configuration"


def access_file(folder: Path, address: str, metadata_url: str) -> Path:
    """The operator's settings."""
    path = folder / "access.toml"
    path.write_text(
        f"""
        address = "{address}"
        contact = "mhhs-desk@example.com"

        [provider]
        metadata_url = "{metadata_url}"
        client_id = "mhhs-readiness"
        client_secret = "only for tests"

        [session]
        cookie_secret = "{COOKIE_SECRET}"

        [roles]
        claim = "groups"
        leadership = ["MHHS Board"]
        analyst = ["MHHS Analysts"]
        compliance = ["MHHS Compliance"]
        admin = ["MHHS Operators"]
        """
    )
    path.chmod(0o600)
    return path


def key_of(subject: str, issuer: str = ISSUER) -> str:
    """The key of a person at a provider."""
    return auth.User(subject, frozenset(), "signed in", issuer, subject).key


def claims_of(name: str, address: str, **others: Any) -> dict[str, Any]:
    """What the cookie of the sign-in holds."""
    now = int(time.time())
    return {
        "iss": ISSUER,
        "sub": name,
        "nonce": f"nonce of {name}",
        "iat": now,
        "exp": now + 3600,
        **PEOPLE[name],
        "origin": address,
        "is_logged_in": True,
        "provider": "default",
        **others,
    }


def signed(name: str, value: str | dict[str, Any], secret: str = COOKIE_SECRET) -> str:
    """A value of the cookie `name`, signed as Streamlit signs it."""
    text = value if isinstance(value, str) else json.dumps(value)
    return URLSafeTimedSerializer(secret, salt=name).dumps(text)
