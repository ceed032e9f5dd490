"""Queries that a reader keeps: one JSON file per reader in the warehouse folder.

The file is named by the reader's key, so that people of the same name do not share it. Files of
earlier versions were named by the name alone and are read only for the local user.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from dashboards import data
from dashboards.auth import User
from pipeline import json_files
from pipeline.layout import replace_json

NAME_LENGTH = 60
AT_MOST = 100


class NotSaved(Exception):
    """The query cannot be kept: the message says why."""


@dataclass(frozen=True)
class Saved:
    """A query under its name."""

    name: str
    sql: str
    saved_at: str


def of(user: User) -> list[Saved]:
    """A user's queries, by name; none if the file is damaged."""
    try:
        return _read(_path(user))
    except json_files.DamagedFile:
        return []


def save(user: User, name: str, sql: str) -> None:
    """Keep a query; one of the same name gives way. Raises NotSaved."""
    name = " ".join(name.split())
    if not name:
        raise NotSaved("Give it a name.")
    if len(name) > NAME_LENGTH:
        raise NotSaved(f"A name has at most {NAME_LENGTH} characters.")
    if not sql.strip():
        raise NotSaved("There is no query to save.")
    at = datetime.now(UTC).isoformat(timespec="seconds")
    with _changing(user) as path:
        others = [each for each in _read(path) if each.name != name]
        if len(others) >= AT_MOST:
            raise NotSaved(f"You keep {AT_MOST} queries: delete one first.")
        _write(path, user, [*others, Saved(name, sql, at)])


def delete(user: User, name: str) -> None:
    """Forget a query; none of that name is as good."""
    with _changing(user) as path:
        _write(path, user, [each for each in _read(path) if each.name != name])


def _path(user: User) -> Path:
    return data.store.warehouse().saved_queries / f"{user.key}.json"


@contextmanager
def _changing(user: User) -> Iterator[Path]:
    """One change at a time, also from several sessions of one user."""
    path = _path(user)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield path
        except json_files.DamagedFile:
            raise NotSaved(
                "Your saved queries cannot be read, so nothing was changed. "
                "Ask the operator to restore the file from a backup."
            ) from None


def _read(path: Path) -> list[Saved]:
    if not path.exists():
        return []
    document = json_files.read(path, json_files.SavedQueries)
    return sorted((Saved(**each) for each in document["queries"]), key=lambda each: each.name)


def _write(path: Path, user: User, queries: list[Saved]) -> None:
    replace_json(
        path,
        {
            "user": user.name,
            **user.identity(),
            "queries": [asdict(each) for each in queries],
        },
    )
