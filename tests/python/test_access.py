"""Settings of the sign-in, users made of claims, cookies. No browser."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboards import auth, sessions
from dashboards.access import Access, AccessRefused, settings
from dashboards.serve import command
from tests.command import PROJECT
from tests.identity import COOKIE_SECRET, access_file, claims_of, signed

ADDRESS = "https://mhhs.example.org"
SHOW = (sys.executable, "-m", "pipeline", "dashboard")
METADATA = "https://id.example.org/.well-known/openid-configuration"


@pytest.fixture
def access(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Access:
    monkeypatch.setenv("MHHS_ACCESS", str(access_file(tmp_path, ADDRESS, METADATA)))
    monkeypatch.setenv("MHHS_WAREHOUSE", str(tmp_path / "warehouse"))
    found = settings()
    assert found is not None
    return found


@pytest.fixture(autouse=True)
def _nobody_signed_out() -> Iterator[None]:
    yield
    auth._signed_out.clear()


# --- settings -------------------------------------------------------------------------------------


def test_without_settings_there_is_no_provider() -> None:
    assert settings({"PATH": "/bin"}) is None


def test_a_file_names_the_provider_and_the_roles(access: Access) -> None:
    assert access.role_values["MHHS Board"] == {"leadership"}
    assert access.role_claim == "groups"
    assert access.secrets()["auth"] == {
        "redirect_uri": f"{ADDRESS}/oauth2callback",
        "cookie_secret": COOKIE_SECRET,
        "client_id": "mhhs-readiness",
        "client_secret": "only for tests",
        "server_metadata_url": METADATA,
        "client_kwargs": {"scope": "openid email profile", "prompt": "select_account"},
    }
    assert "only for tests" not in repr(access)
    assert COOKIE_SECRET not in repr(access)


def test_the_environment_alone_is_enough_and_wins_over_the_file(tmp_path: Path) -> None:
    alone = {
        "MHHS_ACCESS_ADDRESS": "HTTPS://MHHS.example.org:443/",
        "MHHS_ACCESS_PROVIDER_METADATA_URL": METADATA,
        "MHHS_ACCESS_PROVIDER_CLIENT_ID": "other",
        "MHHS_ACCESS_PROVIDER_CLIENT_SECRET": "s",
        "MHHS_ACCESS_SESSION_COOKIE_SECRET": COOKIE_SECRET,
        "MHHS_ACCESS_SESSION_HOURS": "0.5",
        "MHHS_ACCESS_SESSION_END_WITH_TOKEN": "false",
        "MHHS_ACCESS_ROLES_COMPLIANCE": "MHHS Compliance, MHHS Audit",
    }
    found = settings(alone)
    assert found is not None
    assert found.address == ADDRESS
    assert found.role_values == {
        "MHHS Compliance": frozenset({"compliance"}),
        "MHHS Audit": frozenset({"compliance"}),
    }
    assert (found.session_hours, found.end_with_token) == (0.5, False)
    with_file = settings(alone | {"MHHS_ACCESS": str(access_file(tmp_path, ADDRESS, METADATA))})
    assert with_file is not None
    assert with_file.client_id == "other"
    assert with_file.role_values["MHHS Board"] == {"leadership"}


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("MHHS_ACCESS", "/nowhere/access.toml", "cannot be read"),
        ("MHHS_ACCESS_ADRESS", "https://x.example", "Unknown variable MHHS_ACCESS_ADRESS"),
        ("MHHS_ACCESS_ADDRESS", "http://mhhs.example.org", "must begin with https://"),
        ("MHHS_ACCESS_ADDRESS", "mhhs.example.org", "must be a full address"),
        ("MHHS_ACCESS_ADDRESS", "https://mhhs.example.org:port", "must be a full address"),
        ("MHHS_ACCESS_ADDRESS", "https://example.org/mhhs", "need a host of their own"),
        ("MHHS_ACCESS_PROVIDER_METADATA_URL", "http://id.example.org/m", "must begin with https"),
        ("MHHS_ACCESS_SESSION_COOKIE_SECRET", "short", "32 characters or more"),
        ("MHHS_ACCESS_SESSION_HOURS", "25", "at most 24"),
        ("MHHS_ACCESS_SESSION_HOURS", "0", "more than 0"),
        ("MHHS_ACCESS_SESSION_HOURS", "long", "must be a hours"),
        ("MHHS_ACCESS_SESSION_END_WITH_TOKEN", "maybe", "must be a yes or no"),
    ],
)
def test_settings_that_are_wrong_are_refused_with_the_reason(
    tmp_path: Path, variable: str, value: str, says: str
) -> None:
    given = {"MHHS_ACCESS": str(access_file(tmp_path, ADDRESS, METADATA)), variable: value}
    with pytest.raises(AccessRefused, match=says):
        settings(given)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("addres = 'https://x.example'", "Unknown setting addres"),
        ("[provider]\nclient = 'x'", "Unknown setting provider.client"),
        ("[roles]\nadmin = 'one'", "roles.admin .* must be a list of texts"),
        ("[session]\nhours = true", "session.hours .* must be a"),
        ("[provider", "is not valid TOML"),
        ("contact = 'x@example.org'", "Sign-in is set up in part: address"),
        ("", "Sign-in is set up in part: address"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_the_reason(
    tmp_path: Path, line: str, says: str
) -> None:
    path = tmp_path / "access.toml"
    path.write_text(line)
    with pytest.raises(AccessRefused, match=says):
        settings({"MHHS_ACCESS": str(path)})


def test_without_a_value_for_any_role_nobody_could_see_anything(tmp_path: Path) -> None:
    path = access_file(tmp_path, ADDRESS, METADATA)
    path.write_text(path.read_text().split("[roles]")[0])
    with pytest.raises(AccessRefused, match=r"under \[roles\]"):
        settings({"MHHS_ACCESS": str(path)})


def test_without_a_provider_another_address_is_refused(tmp_path: Path) -> None:
    for address in ("0.0.0.0", "::", "192.0.2.7", "mhhs.example.org"):
        with pytest.raises(AccessRefused, match="listen on this machine alone"):
            command(tmp_path, address=address)
    arguments, _ = command(tmp_path)
    assert "--server.address=127.0.0.1" in arguments
    refused = subprocess.run(
        [*SHOW, "--warehouse", str(tmp_path), "--address", "0.0.0.0"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert refused.returncode == 2
    assert "set up a provider: see docs/access.md" in " ".join(refused.stderr.split())


def test_with_a_provider_an_address_may_be_given(tmp_path: Path) -> None:
    path = access_file(tmp_path, ADDRESS, METADATA)
    arguments, environment = command(tmp_path, address="0.0.0.0", access_file=path)
    assert "--server.address=0.0.0.0" in arguments
    assert "--server.allowedHosts=mhhs.example.org" in arguments
    assert environment["MHHS_ACCESS"] == str(path)


# --- users ----------------------------------------------------------------------------------------


def test_claims_give_a_name_and_roles(access: Access) -> None:
    user = auth.user_of(claims_of("ada", ADDRESS), access)
    assert (user.name, user.subject) == ("ada@it.example", "ada")
    assert user.roles == {"leadership", "admin"}
    assert user.roles_in_words() == "leadership, admin"


@pytest.mark.parametrize(
    ("claim", "value", "roles"),
    [
        ("groups", "MHHS Board", {"leadership"}),
        ("groups", ["MHHS Board", 7, None, {"MHHS Compliance": 1}], {"leadership"}),
        ("groups", {"MHHS Board": True}, set()),
        ("groups", None, set()),
        ("groups", ["admin", "compliance", "mhhs board"], set()),
        ("realm_access.roles", {"roles": ["MHHS Board"]}, {"leadership"}),
        ("https://mhhs.example.org/roles", ["MHHS Board"], {"leadership"}),
    ],
)
def test_only_values_that_are_named_give_a_role(
    tmp_path: Path, claim: str, value: Any, roles: set[str]
) -> None:
    given = {
        "MHHS_ACCESS": str(access_file(tmp_path, ADDRESS, METADATA)),
        "MHHS_ACCESS_ROLES_CLAIM": claim,
    }
    access = settings(given)
    assert access is not None
    claims = claims_of("lea", ADDRESS)
    del claims["groups"]
    claims[claim if claim.startswith("https") else claim.split(".")[0]] = value
    assert auth.user_of(claims, access).roles == roles


@pytest.mark.parametrize(
    ("others", "user"),
    [
        ({"is_logged_in": False}, auth.ANONYMOUS),
        ({"is_logged_in": "yes"}, auth.ANONYMOUS),
        ({"sub": ""}, auth.ANONYMOUS),
        ({"sub": None}, auth.ANONYMOUS),
        ({"exp": 1}, auth.ENDED),
        ({"exp": None}, auth.ENDED),
        ({"exp": "soon"}, auth.ENDED),
        ({"exp": 1e30}, auth.ENDED),
        ({"exp": True}, auth.ENDED),
        ({"iat": None}, auth.ENDED),
        ({"iat": 1}, auth.ENDED),
    ],
)
def test_claims_that_are_not_in_force_give_nobody(
    access: Access, others: dict[str, Any], user: auth.User
) -> None:
    assert auth.user_of(claims_of("cat", ADDRESS, **others), access) == user


def test_the_session_may_outlast_a_short_token_if_the_operator_says_so(tmp_path: Path) -> None:
    given = {
        "MHHS_ACCESS": str(access_file(tmp_path, ADDRESS, METADATA)),
        "MHHS_ACCESS_SESSION_END_WITH_TOKEN": "false",
        "MHHS_ACCESS_SESSION_HOURS": "2",
    }
    access = settings(given)
    assert access is not None
    now = int(time.time())
    claims = claims_of("cat", ADDRESS, iat=now - 3600, exp=now - 3300)
    user = auth.user_of(claims, access)
    assert user.name == "cat@compliance.example"
    assert user.ends_at is not None
    assert int(user.ends_at.timestamp()) == now + 3600
    assert auth.user_of({**claims, "iat": now - 7300}, access) == auth.ENDED


def test_an_address_that_is_not_verified_names_nobody(access: Access) -> None:
    claims = claims_of("lea", ADDRESS, email="cat@compliance.example", email_verified=False)
    assert auth.user_of(claims, access).name == "lea"
    assert auth.user_of({**claims, "preferred_username": "l"}, access).name == "l"


def test_a_session_that_signed_out_stays_out_and_another_does_not(access: Access) -> None:
    claims = claims_of("cat", ADDRESS)
    auth.sign_out(auth.user_of(claims, access))
    assert auth.user_of(claims, access) == auth.ENDED
    assert auth.user_of({**claims, "nonce": "another sign-in"}, access).name


# --- cookies --------------------------------------------------------------------------------------


def in_parts(text: str, parts: int, secret: str = COOKIE_SECRET) -> dict[str, str]:
    """As Streamlit splits a long cookie."""
    size = -(-len(text) // parts)
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    cookies = {sessions.COOKIE: signed(sessions.COOKIE, f"chunks-{len(pieces)}", secret)}
    for number, piece in enumerate(pieces, start=1):
        name = f"{sessions.COOKIE}_{number}"
        cookies[name] = signed(name, piece, secret)
    return cookies


def text_of(name: str) -> str:
    return json.dumps(claims_of(name, ADDRESS))


def test_a_cookie_is_read_whole_or_in_parts(access: Access) -> None:
    whole = {sessions.COOKIE: signed(sessions.COOKIE, text_of("cat"))}
    assert sessions.reader(whole).name == "cat@compliance.example"
    for parts in (2, 3, 12):
        cookies = in_parts(text_of("cat"), parts)
        assert sessions.reader(cookies).name == "cat@compliance.example"


def test_streamlits_own_splitting_is_understood(access: Access) -> None:
    from streamlit.auth_util import set_cookie_with_chunks
    from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

    cookies: dict[str, str] = {}

    def sign(name: str, value: str) -> bytes:
        return create_signed_value(COOKIE_SECRET, name, value)

    set_cookie_with_chunks(
        lambda name, value: cookies.update({name: sign(name, value).decode()}),
        sign,
        sessions.COOKIE,
        claims_of("col", ADDRESS),
        cookie_attr_size=60,
    )
    assert len(cookies) > 2
    assert sessions.reader(cookies).name == "col@compliance.example"


def test_parts_that_are_missing_forged_or_of_another_sign_in_are_refused(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookies = in_parts(text_of("cat"), 3)
    second = f"{sessions.COOKIE}_2"
    assert sessions.reader({**cookies, second: ""}) == auth.ANONYMOUS
    forged = in_parts(text_of("cat"), 3, secret="x" * 40)
    assert sessions.reader({**cookies, second: forged[second]}) == auth.ANONYMOUS
    assert sessions.reader({**cookies, second: cookies[f"{sessions.COOKIE}_1"]}) == auth.ANONYMOUS
    later = time.time() + 60
    with monkeypatch.context() as patch:
        patch.setattr("itsdangerous.timed.time.time", lambda: later)
        another = in_parts(text_of("cat"), 3)
    assert sessions.reader({**cookies, second: another[second]}) == auth.ANONYMOUS
    many = {**cookies, sessions.COOKIE: signed(sessions.COOKIE, "chunks-999999999")}
    assert sessions.reader(many) == auth.ANONYMOUS


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "{", "7", '"cat"'])
def test_what_is_signed_but_holds_no_claims_is_nobody(access: Access, text: str) -> None:
    cookies = {sessions.COOKIE: signed(sessions.COOKIE, text)}
    assert sessions.reader(cookies) == auth.ANONYMOUS


def test_without_a_provider_every_request_is_the_local_users() -> None:
    assert sessions.reader({}) == auth.LOCAL_USER
