"""The route that hands out files: to the reader whom the link names, while the role holds."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from dashboards import links, sessions
from dashboards.access import Access
from dashboards.auth import LOCAL_USER
from tests.command import PROJECT
from tests.identity import key_of, signed
from tests.python.test_access import _nobody_signed_out, access, text_of

__all__ = ["_nobody_signed_out", "access"]

FILE = "p/list.csv"
CAT = "cat@compliance.example"
Fetch = Callable[..., Response]


@pytest.fixture
def exports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The exports folder of a warehouse, with one finished file."""
    monkeypatch.setenv("MHHS_WAREHOUSE", str(tmp_path / "warehouse"))
    monkeypatch.syspath_prepend(str(PROJECT))
    exports = tmp_path / "warehouse" / "exports"
    (exports / FILE).parent.mkdir(parents=True)
    (exports / FILE).write_text("a\n")
    return exports


def fetch(token: str, name: str | None = None) -> Response:
    """What the route answers to this person, or to somebody without a cookie."""
    from dashboards.asgi import serve_export

    cookie = f"{sessions.COOKIE}={signed(sessions.COOKIE, text_of(name))}" if name else ""
    scope = {
        "type": "http", "method": "GET", "path": "/", "query_string": b"",
        "headers": [(b"cookie", cookie.encode())], "path_params": {"token": token},
    }  # fmt: skip
    return asyncio.run(serve_export(Request(scope)))


def token(name: str, seconds: int = 60, file: str = FILE, **others: Any) -> str:
    return links.sign(links.Claim(file, key_of(name), int(time.time()) + seconds, **others))


def _local() -> str:
    return links.sign(links.Claim(FILE, LOCAL_USER.key, int(time.time()) + 60))


def last_line(exports: Path) -> dict[str, Any]:
    log = exports.parent / "logs" / "audit.jsonl"
    line: dict[str, Any] = json.loads(log.read_text("utf-8").splitlines()[-1])
    return line


def test_the_reader_whom_the_link_names_gets_the_file(exports: Path, access: Access) -> None:
    assert fetch(token("cat"), "cat").status_code == 200
    line = last_line(exports)
    assert (line["kind"], line["user"], line["file"]) == ("download", CAT, FILE)


def test_another_reader_with_the_role_is_refused_and_leaves_a_line(
    exports: Path, access: Access
) -> None:
    from dashboards.asgi import NOT_YOURS

    answer = fetch(token("col"), "cat")
    assert (answer.status_code, answer.body) == (403, NOT_YOURS.encode())
    line = last_line(exports)
    assert (line["kind"], line["user"], line["reason"]) == ("refused", CAT, NOT_YOURS)


@pytest.mark.parametrize("name", ["lea", "ann"])
def test_a_list_needs_the_role_even_with_a_link_of_ones_own(
    exports: Path, access: Access, name: str
) -> None:
    answer = fetch(token(name), name)
    assert answer.status_code == 403
    assert b"needs the role compliance" in answer.body
    assert last_line(exports)["kind"] == "refused"
    assert fetch(token(name, role=None), name).status_code == 200


def test_an_account_without_a_role_gets_nothing(exports: Path, access: Access) -> None:
    answer = fetch(token("new", role=None), "new")
    assert (answer.status_code, answer.body) == (403, b"You have no role in this app.")


def test_without_signing_in_a_good_link_is_worth_nothing(exports: Path, access: Access) -> None:
    from dashboards.asgi import NOT_SIGNED_IN

    answer = fetch(token("cat"))
    assert (answer.status_code, answer.body) == (403, NOT_SIGNED_IN.encode())


def test_links_that_expired_or_were_changed_are_refused(exports: Path, access: Access) -> None:
    assert fetch(token("cat", seconds=-1), "cat").status_code == 403
    body, _, signature = token("cat").partition(".")
    assert fetch(f"{body[:-2]}AA.{signature}", "cat").status_code == 403
    assert fetch("nothing", "cat").status_code == 403


@pytest.mark.parametrize("file", ["p/gone.csv", "../published/CURRENT", "p"])
def test_a_file_that_is_not_kept_or_lies_elsewhere_is_not_found(
    exports: Path, access: Access, file: str
) -> None:
    (exports.parent / "published").mkdir()
    (exports.parent / "published" / "CURRENT").write_text("x")
    assert fetch(token("cat", file=file), "cat").status_code == 404


def test_a_file_whose_line_cannot_be_written_is_not_served(exports: Path) -> None:
    assert fetch(_local()).status_code == 200
    log = exports.parent / "logs" / "audit.jsonl"
    log.unlink()
    log.mkdir()
    with pytest.raises(IsADirectoryError):
        fetch(_local())
