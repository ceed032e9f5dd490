"""A real server against callers who are not signed in: memory, descriptors, the log."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets import Origin, Subprotocol
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response
from websockets.sync.client import connect

from dashboards.limits import REQUEST_SECONDS
from dashboards.registry import PAGES
from tests.fixture_publication import make_warehouse
from tests.identity import access_file
from tests.served import free_port, serve

DESCRIPTORS = 1024
MB = 1024 * 1024


@dataclass(frozen=True)
class Server:
    """One that runs."""

    port: int
    process: int
    log: Path
    has_provider: bool

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.port}"

    def status(self, path: str, method: str = "GET", **headers: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, headers={"Host": f"localhost:{self.port}", **headers})
        with contextlib.closing(connection):
            return connection.getresponse().status

    def socket(self, origin: str | None = None, caller: str = "") -> Any:
        headers = {"X-Forwarded-For": caller} if caller else {}
        return connect(
            f"ws://localhost:{self.port}/_stcore/stream",
            origin=Origin(origin or self.origin),
            subprotocols=[Subprotocol("streamlit")],
            additional_headers=headers,
            open_timeout=60,
        )

    def memory(self) -> int:
        status = Path(f"/proc/{self.process}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]

    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.process}/fd").iterdir()))


@pytest.fixture(scope="module", params=["local", "provider"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp(request.param)
    warehouse = make_warehouse(folder / "warehouse")
    port, log = free_port(), folder / "server.log"
    settings = None
    if request.param == "provider":
        nowhere = "http://localhost:9/.well-known/openid-configuration"
        settings = access_file(folder, f"http://localhost:{port}", nowhere)
    today = {"MHHS_TODAY": "2026-11-11"}
    with serve(warehouse, port, log, today, settings, descriptors=DESCRIPTORS) as process:
        yield Server(port, process, log, settings is not None)


def answer_to(port: int, text: bytes, seconds: float) -> bytes:
    """What a connection that sends this, and no more, is told until the server closes it."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(text)
        found = b""
        while part := connection.recv(65536):
            found += part
        return found


def test_addresses_that_do_not_exist_are_404(server: Server) -> None:
    for path in ("/metrics", "/api", "/_stcore/metrics", "/nowhere", "/index.html", "/static/x.js"):
        assert server.status(path) == 404, path
    for page in PAGES[1:]:
        assert server.status(f"/{page.name}") == 200
    assert server.status("/") == 200
    assert server.status("/overview") == 307
    assert server.status("/healthz") == 200


def test_uploads_are_refused_before_they_are_read_and_keep_no_memory(server: Server) -> None:
    before = server.memory()

    def upload(number: int) -> bytes:
        head = (
            f"PUT /_stcore/upload_file/session/{number} HTTP/1.1\r\nHost: localhost:{server.port}"
            f"\r\nContent-Length: {100 * MB}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        )
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(f"{head}\r\n".encode())
            with contextlib.suppress(OSError):  # refused while it is sent
                for _ in range(30):
                    connection.sendall(b"x" * MB)
            with contextlib.suppress(OSError):
                return connection.recv(100)
        return b""

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(upload, range(12)))
    assert any(b"404 Not Found" in each for each in answers)
    assert not [each for each in answers if b" 20" in each[:15]]
    assert server.memory() - before < 40 * MB


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/healthz"])
def test_no_address_takes_a_body(server: Server, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
    for body in ("Content-Length: 1\r\n", "Transfer-Encoding: chunked\r\n"):
        found = answer_to(server.port, f"{head}{body}\r\n".encode(), 10)
        assert b" 413 " in found.splitlines()[0]
        assert b"No address of this server takes a request body" in found


def drop_by_drop(port: int) -> bytes:
    """A request whose headers never end."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        with contextlib.suppress(OSError):
            for _ in range(2 * REQUEST_SECONDS + 30):
                connection.sendall(b"x-a: b\r\n")
                time.sleep(0.5)
            return b"still open"
    return b"HTTP/1.1 408 Request Timeout"  # closed; the words are lost with what was under way


def test_requests_that_are_never_finished_end(server: Server) -> None:
    started = [
        b"",
        b"GET /",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n",
        b"PUT / HTTP/1.1\r\nContent-Le",
        b"GET /_stcore/health HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\n",
    ]
    patience = REQUEST_SECONDS + 10
    with ThreadPoolExecutor(len(started) + 1) as pool:
        slow = pool.submit(drop_by_drop, server.port)
        answers = list(pool.map(lambda text: answer_to(server.port, text, patience), started))
    for text, found in zip(started, answers, strict=True):
        assert b"408 Request Timeout" in found, text
    assert b"408" in slow.result()


def test_a_second_request_of_a_connection_has_its_own_time(server: Server) -> None:
    connection = http.client.HTTPConnection("localhost", server.port, timeout=30)
    with contextlib.closing(connection):
        for _ in range(3):
            connection.request("GET", "/_stcore/health")
            assert connection.getresponse().read() == b"ok"
            time.sleep(1)


def test_connections_without_number_leave_the_server_well(server: Server) -> None:
    with contextlib.ExitStack() as held:
        for _ in range(900):
            with contextlib.suppress(OSError):
                one = socket.create_connection(("127.0.0.1", server.port), timeout=5)
                held.enter_context(one)
        time.sleep(1)
        assert server.open_files() < DESCRIPTORS - 100
    time.sleep(1)
    assert server.status("/_stcore/health") == 200
    assert "out of system resource" not in server.log.read_text()


def test_a_socket_opens_from_our_own_page_only(server: Server) -> None:
    with server.socket():
        pass
    for origin in (
        f"http://localhost:{server.port + 1}",
        "http://localhost",
        f"https://localhost:{server.port}",
        f"http://127.0.0.1:{server.port}",
        "https://evil.example",
        "null",
    ):
        with pytest.raises(InvalidStatus) as refused:
            server.socket(origin).__enter__()
        assert refused.value.response.status_code == 403
        assert b"not opened by a page of this app" in refused.value.response.body


def test_sockets_are_limited_with_a_clear_answer(server: Server) -> None:
    held = 0
    refused: list[Response] = []
    with contextlib.ExitStack() as sockets:
        while held < 300 and len(refused) < 5:
            try:
                sockets.enter_context(server.socket(caller=f"192.0.2.{held % 250}"))
                held += 1
            except InvalidStatus as error:
                refused.append(error.response)
        assert server.open_files() < DESCRIPTORS - 100
        assert server.status("/healthz") == 200
        if server.has_provider:
            assert 20 < held < 60
            assert {each.status_code for each in refused} == {503}
            assert b"Too many pages are open" in refused[0].body
            assert server.status("/exceptions") == 503
        else:  # a forwarded address is not this machine's
            assert held == 0
    until = time.monotonic() + 20
    while server.status("/exceptions") != 200 and time.monotonic() < until:
        time.sleep(0.5)
    assert server.status("/exceptions") == 200
    assert len(server.log.read_text().splitlines()) < 200


def test_one_address_does_not_take_the_sockets_of_others(server: Server) -> None:
    if not server.has_provider:
        return  # without one there is one reader
    with contextlib.ExitStack() as sockets:
        for _ in range(20):
            sockets.enter_context(server.socket(caller="192.0.2.1"))
        with pytest.raises(InvalidStatus):
            sockets.enter_context(server.socket(caller="192.0.2.1"))
        sockets.enter_context(server.socket(caller="192.0.2.2"))


def test_what_callers_send_does_not_fill_the_log(server: Server) -> None:
    before = len(server.log.read_text().splitlines())
    for _ in range(40):
        answer_to(server.port, b"\x16\x03\x01 nonsense\r\n\r\n", 5)
        with server.socket() as opened:
            opened.send("text where bytes belong")
            with contextlib.suppress(Exception):
                opened.recv(timeout=5)
    lines = server.log.read_text().splitlines()[before:]
    assert len([line for line in lines if "Error" in line]) <= 10
    assert len(lines) < 400


def test_healthz_has_no_figures_and_says_what_is_current(server: Server) -> None:
    with urllib.request.urlopen(f"{server.origin}/healthz", timeout=10) as answer:
        facts = json.load(answer)
    assert set(facts) == {
        "status", "publication_id", "as_of", "age_days", "max_age_days", "last_gate",
    }  # fmt: skip
    assert (facts["status"], facts["as_of"], facts["age_days"]) == ("ok", "2026-11-10", 1)


def test_signing_out_through_a_link_of_another_site_is_nothing(server: Server) -> None:
    try:
        with urllib.request.urlopen(f"{server.origin}/auth/logout", timeout=10) as answer:
            assert answer.status == 200  # nobody was signed in: back to the first page
            assert server.has_provider
    except urllib.error.HTTPError as error:
        assert error.code == 404
        assert not server.has_provider
