"""Who is reading, and what their roles allow.

With a provider of identities (see `access.py`) the reader is who the provider's ID token names,
with the roles that its role claim gives, until the session ends. Without one the app listens on
this machine alone and its one reader has every role. A role is asked for where data is read and
where a file is served; hiding a page is a courtesy.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

import streamlit as st

from dashboards.access import ROLES, Access, Role, settings

__all__ = [
    "ANONYMOUS",
    "ENDED",
    "LOCAL_USER",
    "ROLES",
    "Forbidden",
    "Role",
    "User",
    "current_user",
    "require",
    "sign_out",
    "user_of",
]

State = Literal["local", "signed in", "anonymous", "ended"]


@dataclass(frozen=True)
class User:
    """A reader and the roles they hold.

    `name` is for display only: two people may have the same one, and it may change. `key`
    identifies a reader. Both are empty for callers who have not signed in.
    """

    name: str
    roles: frozenset[Role]
    state: State = "local"
    issuer: str = ""
    subject: str = ""
    session: str = ""
    ends_at: datetime | None = None

    @property
    def key(self) -> str:
        """Identifies the reader in links, logs and file names: issuer and subject, hashed.

        The pair never changes and is never given to another person (OpenID Connect Core, 2). The
        local user has no issuer; the key of 16 digits is that of their name.
        """
        if self.subject:
            identity = json.dumps([self.issuer, self.subject])
            return hashlib.sha256(identity.encode()).hexdigest()[:32]
        return hashlib.sha256(self.name.encode()).hexdigest()[:16] if self.name else ""

    def identity(self) -> dict[str, str]:
        """The facts that identify the reader in the audit log, beside the name."""
        if not self.subject:
            return {}
        return {"reader": self.key, "issuer": self.issuer, "subject": self.subject}

    def may(self, role: Role) -> bool:
        return role in self.roles

    def roles_in_words(self) -> str:
        """analyst, compliance"""
        return ", ".join(role for role in ROLES if role in self.roles) or "none"


class Forbidden(Exception):
    """The reader lacks the role that the data needs."""

    def __init__(self, role: Role) -> None:
        super().__init__(f"This needs the role {role}.")
        self.role = role


LOCAL_USER = User("local", frozenset(ROLES))
ANONYMOUS = User("", frozenset(), "anonymous")
ENDED = User("", frozenset(), "ended")

# Sessions that signed out, until their time is over: a copy of their cookie is worth nothing.
_signed_out: dict[str, datetime] = {}


def current_user() -> User:
    """The reader of this session, asked anew each time: sessions end while pages are open."""
    access = settings()
    return user_of(cast("dict[str, Any]", st.user.to_dict()), access) if access else LOCAL_USER


def require(role: Role) -> None:
    """Called where data is read and where a file is made. Raises Forbidden."""
    if not current_user().may(role):
        raise Forbidden(role)


def user_of(claims: Mapping[str, Any], access: Access) -> User:
    """The reader that verified claims of an ID token name: ANONYMOUS or ENDED if they do not."""
    subject, issuer = claims.get("sub"), claims.get("iss")
    if claims.get("is_logged_in") is not True:
        return ANONYMOUS
    if not (isinstance(subject, str) and subject and isinstance(issuer, str) and issuer):
        return ANONYMOUS
    ends_at = _ends_at(claims, access)
    session = _session(claims)
    if ends_at.timestamp() <= time.time() or session in _signed_out:
        return ENDED
    return User(
        name=_name(claims) or subject,
        roles=_roles(claims, access),
        state="signed in",
        issuer=issuer,
        subject=subject,
        session=session,
        ends_at=ends_at,
    )


def sign_out(user: User) -> None:
    """From now on the user's cookie is refused, wherever a copy of it may be."""
    now = datetime.now(UTC)
    for session, ends_at in list(_signed_out.items()):
        if ends_at <= now:
            _signed_out.pop(session, None)
    if user.ends_at:
        _signed_out[user.session] = user.ends_at


def _ends_at(claims: Mapping[str, Any], access: Access) -> datetime:
    """When the session ends; a token that does not say when it was issued has ended."""
    issued, expires = _instant(claims.get("iat")), _instant(claims.get("exp"))
    if issued is None or expires is None:
        return datetime.fromtimestamp(0, UTC)
    longest = issued + timedelta(hours=access.session_hours)
    return min(longest, expires) if access.end_with_token else longest


def _instant(seconds: Any) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _session(claims: Mapping[str, Any]) -> str:
    """What tells one sign-in from every other. The nonce is made for each by the sign-in."""
    facts = [claims.get(name) for name in ("iss", "sub", "iat", "nonce")]
    return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()


def _name(claims: Mapping[str, Any]) -> str | None:
    """The name to display; it identifies no one. An unverified address may belong to another."""
    names = [claims.get("preferred_username")]
    if claims.get("email_verified") is not False:
        names.insert(0, claims.get("email"))
    return next((name for name in names if isinstance(name, str) and name.strip()), None)


def _roles(claims: Mapping[str, Any], access: Access) -> frozenset[Role]:
    found = _claim(claims, access.role_claim)
    values = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    known = [access.role_values.get(value) for value in values if isinstance(value, str)]
    return frozenset(role for roles in known if roles for role in roles)


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """`roles`, or `realm_access.roles` for a claim within a claim."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
