"""What stands before every request: who is answered, the way back after signing in. No browser."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket

from dashboards import auth, gateway, sessions
from dashboards.access import Access
from tests.identity import signed
from tests.python.test_access import ADDRESS, _nobody_signed_out, access, text_of

__all__ = ["_nobody_signed_out", "access"]


async def _page(request: Request) -> Response:
    if request.url.path == "/sql":
        raise ValueError("a secret detail")
    return PlainTextResponse("page")


async def _callback(request: Request) -> Response:
    """As Streamlit answers: everybody to the first page, with a cookie for who signed in."""
    answer = RedirectResponse("/", status_code=302)
    if name := request.query_params.get("name"):
        answer.set_cookie(sessions.COOKIE, signed(sessions.COOKIE, text_of(name)), max_age=2592000)
    return answer


async def _socket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(",".join(sorted(socket.cookies)))
    await socket.close()


def client(base: str = ADDRESS, caller: str = "127.0.0.1", **options: Any) -> TestClient:
    app = Starlette(
        routes=[
            Route("/oauth2callback", _callback),
            WebSocketRoute("/_stcore/stream", _socket),
            Route("/{path:path}", _page),
        ],
        middleware=[Middleware(gateway.Gateway)],
    )
    return TestClient(app, base_url=base, client=(caller, 5000), follow_redirects=False, **options)


HTML = {"accept": "text/html"}


@pytest.mark.parametrize(
    ("base", "caller", "status"),
    [
        ("http://127.0.0.1:8501", "127.0.0.1", 200),
        ("http://localhost:8501", "::1", 200),
        ("http://127.0.0.1:8501", "192.0.2.7", 403),
        ("http://mhhs.example.org", "127.0.0.1", 403),
        ("http://127.0.0.1.example.org", "127.0.0.1", 403),
    ],
)
def test_without_a_provider_only_this_machine_is_answered(
    base: str, caller: str, status: int
) -> None:
    assert client(base, caller).get("/").status_code == status
    stream = f"{base.replace('http', 'ws')}/_stcore/stream"
    ours = {"origin": base}
    if status == 200:
        with client(base, caller).websocket_connect(stream, headers=ours) as socket:
            assert socket.receive_text() == ""
    else:
        assert refused_socket(client(base, caller), stream, ours) == 403


def refused_socket(browser: TestClient, stream: str, headers: dict[str, str]) -> int:
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        browser.websocket_connect(stream, headers=headers),
    ):
        pass
    return refused.value.status_code


@pytest.mark.parametrize(
    "origin",
    ["http://localhost:8502", "http://localhost", "https://localhost:8501", "null", "",
     "http://127.0.0.1:8501", "http://evil.example", "http://localhost:8501.evil.example"],
)  # fmt: skip
def test_a_socket_from_another_page_of_this_machine_is_refused(origin: str) -> None:
    base, stream = "http://localhost:8501", "ws://localhost:8501/_stcore/stream"
    assert refused_socket(client(base), stream, {"origin": origin}) == 403
    with client(base).websocket_connect(stream, headers={"origin": base}) as socket:
        assert socket.receive_text() == ""


def test_with_a_provider_a_socket_comes_from_its_address(access: Access) -> None:
    stream = "wss://mhhs.example.org/_stcore/stream"
    for origin in ("http://localhost:8501", "http://mhhs.example.org", "https://evil.example"):
        assert refused_socket(client(), stream, {"origin": origin}) == 403
    assert refused_socket(client(), "wss://mhhs.example.org/other", {"origin": ADDRESS}) == 404


def test_what_is_on_no_list_is_not_there_and_bodies_are_refused(access: Access) -> None:
    browser = client()
    assert browser.put("/_stcore/upload_file/a/b", content=b"x" * 10).status_code == 404
    assert browser.get("/_stcore/metrics").status_code == 404
    page = browser.get("/healthy", headers=HTML)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    refused = browser.request("GET", "/", content=b"x")
    assert (refused.status_code, refused.headers["connection"]) == (413, "close")
    anonymous = browser.get("/api/export/token")
    assert (anonymous.status_code, anonymous.text[:13]) == (403, "Sign in first")


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [("/overview", "/"), ("/overview?asof=x", "/?asof=x"), ("/sql/", "/sql"),
     ("/overview/", "/"), ("/exceptions/?rule_id=a", "/exceptions?rule_id=a")],
)  # fmt: skip
def test_another_spelling_of_a_page_leads_to_it(
    access: Access, address: str, leads_to: str
) -> None:
    answer = client().get(address)
    assert (answer.status_code, answer.headers["location"]) == (307, leads_to)


def test_an_error_is_told_with_a_reference_and_no_details(
    access: Access, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client().get("/sql")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    reference = answer.text.split()[-1]
    assert f"Error {reference}" in caplog.text
    assert "a secret detail" in caplog.text


def test_the_address_of_signing_out_ends_no_session(access: Access, tmp_path: Path) -> None:
    """Any site can link to it, and the browser sends the cookies with it."""
    browser = client()
    browser.get("/oauth2callback?code=1&name=cat")
    for headers in ({}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-origin"}):
        assert browser.get("/auth/logout", headers=headers).status_code == 403
    reader = sessions.reader(dict(browser.cookies))
    assert reader.name == "cat@compliance.example"
    auth.sign_out(reader)  # as the button of a page does
    assert browser.get("/auth/logout").status_code == 200


def next_of(answer: Any) -> str:
    return str(answer.headers.get("set-cookie", ""))


def test_the_page_asked_for_is_kept_until_the_callback(access: Access) -> None:
    browser = client()
    asked = browser.get("/exceptions?rule_id=SUP-01&mpid=WILL", headers=HTML)
    assert "Path=/oauth2callback" in next_of(asked)
    assert "HttpOnly; SameSite=Lax; Secure" in next_of(asked)
    back = browser.get("/oauth2callback?code=1&name=cat")
    assert back.headers["location"] == "/exceptions?rule_id=SUP-01&mpid=WILL"
    assert "Max-Age=28800" in next_of(back)
    again = browser.get("/oauth2callback?code=1&name=cat")
    assert again.headers["location"] == "/"


def test_signing_in_from_a_page_comes_back_to_that_page(access: Access) -> None:
    browser = client()
    browser.get("/", headers=HTML)
    browser.get("/auth/login?provider=x", headers={"referer": f"{ADDRESS}/suppliers?q=yew"})
    back = browser.get("/oauth2callback?code=1&name=cat")
    assert back.headers["location"] == "/suppliers?q=yew"


@pytest.mark.parametrize(
    "address", ["/media/x", "/api/export/token", "/nowhere", "//evil.example/", "/_stcore/health"]
)
def test_what_is_no_page_is_nothing_to_come_back_to(access: Access, address: str) -> None:
    browser = client()
    assert "mhhs_next" not in next_of(browser.get(f"{ADDRESS}{address}", headers=HTML))
    browser.get("/auth/login?provider=x", headers={"referer": f"https://evil.example{address}"})
    assert browser.get("/oauth2callback?code=1&name=cat").headers["location"] == "/"


@pytest.mark.parametrize(
    "written",
    ["https://evil.example/exceptions", "//evil.example/exceptions", "/\\evil.example", "/nowhere",
     "javascript:alert(1)", "/exceptions\r\nSet-Cookie: a=b", "é"],
)  # fmt: skip
def test_a_cookie_written_by_somebody_else_leads_nowhere(access: Access, written: str) -> None:
    value = base64.urlsafe_b64encode(written.encode()).decode()
    answer = client(cookies={"mhhs_next": value}).get("/oauth2callback?code=1&name=cat")
    assert answer.headers["location"] == "/"


def test_a_sign_in_that_failed_says_so_and_a_sign_out_does_not(access: Access) -> None:
    browser = client()
    assert browser.get("/oauth2callback?error=x").headers["location"] == "/?sign_in=failed"
    assert browser.get("/oauth2callback?code=1").headers["location"] == "/?sign_in=failed"
    assert browser.get("/oauth2callback").headers["location"] == "/"


def test_signing_in_leaves_a_line(access: Access, tmp_path: Path) -> None:
    from dashboards import audit

    browser = client()
    browser.get("/oauth2callback?code=1&name=cat")
    lines = list(audit.lines(tmp_path / "warehouse" / "logs" / "audit.jsonl"))
    assert [(line["kind"], line["user"]) for line in lines] == [
        ("sign_in", "cat@compliance.example")
    ]
    assert lines[0]["roles"] == "compliance"


def test_forged_cookies_are_dropped_before_streamlit_sees_them(access: Access) -> None:
    def arriving(cookies: dict[str, str]) -> str:
        with client(cookies={**cookies, "other": "kept"}).websocket_connect(
            "/_stcore/stream", headers={"origin": ADDRESS}
        ) as socket:
            return str(socket.receive_text())

    good = {sessions.COOKIE: signed(sessions.COOKIE, text_of("cat"))}
    assert arriving(good) == "_streamlit_user,other"
    forged = {sessions.COOKIE: signed(sessions.COOKIE, text_of("cat"), "x" * 40)}
    assert arriving({**forged, "_streamlit_user_tokens": "t"}) == "other"
