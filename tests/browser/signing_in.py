"""A site that people sign in to, and what they do there."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboards import links
from tests.fixture_publication import AFTER, publication_id
from tests.identity import PEOPLE, key_of
from tests.served import settle

SECRET = "only for tests"
DEEP_LINK = "/exceptions?rule_id=SUP-01&severity=BREACH&mpid=WILL"


@dataclass(frozen=True)
class Site:
    """The server under test."""

    address: str
    warehouse: Path
    mpans: frozenset[bytes]
    issuer: str

    def audit(self) -> list[dict[str, Any]]:
        log = self.warehouse / "logs" / "audit.jsonl"
        return [json.loads(line) for line in log.read_text("utf-8").splitlines()]

    def link(self, file: str, name: str, seconds: int = 60, **others: Any) -> str:
        claim = links.Claim(file, key_of(name, self.issuer), int(time.time()) + seconds, **others)
        return links.ROUTE.format(token=links.sign(claim))


def listen(socket: Any, page: Any) -> None:
    """Keep what the server sends to the page in `received`."""

    def keep(payload: str | bytes) -> None:
        page.received += payload.encode() if isinstance(payload, str) else payload

    socket.on("framereceived", keep)


def sign_in(page: Any, name: str) -> None:
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=name, exact=True).click()
    page.get_by_text(f"Signed in as {PEOPLE[name]['email']}").last.wait_for(timeout=30_000)
    settle(page)


def visit(page: Any, address: str) -> None:
    page.goto(address)
    settle(page)


def make_file(site: Site) -> str:
    file = site.warehouse / "exports" / publication_id(AFTER) / "by-hand" / "list.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("a\n")
    return file.relative_to(site.warehouse / "exports").as_posix()
