"""Who is reading, and what their roles allow.

There is no sign-in provider yet: the app listens on this machine alone (see `serve.py`) and the
reader is one local user with every role. A role is asked for where data is read and where a file
is served, so a provider changes `current_user` and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["leadership", "analyst", "compliance", "admin"]


@dataclass(frozen=True)
class User:
    """A reader and the roles they hold."""

    name: str
    roles: frozenset[Role]

    def may(self, role: Role) -> bool:
        return role in self.roles


class Forbidden(Exception):
    """The reader lacks the role that the data needs."""

    def __init__(self, role: Role) -> None:
        super().__init__(f"This needs the role {role}.")
        self.role = role


LOCAL_USER = User("local", frozenset({"leadership", "analyst", "compliance", "admin"}))


def current_user() -> User:
    """The reader of this session."""
    return LOCAL_USER


def require(role: Role) -> None:
    """Called where data is read and where a file is served. Raises Forbidden."""
    if not current_user().may(role):
        raise Forbidden(role)
