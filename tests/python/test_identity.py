"""Readers are told apart by issuer and subject. Their names are for display only."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from oidc_provider_mock import User as Person
from streamlit.auth_util import encode_provider_token

from dashboards import audit, auth, data, links, saved_queries, sessions
from dashboards.access import settings
from dashboards.auth import User
from pipeline.layout import Warehouse
from tests.fixture_publication import AFTER, make_warehouse, publication_id
from tests.identity import COOKIE_SECRET, ISSUER, access_file, claims_of, provider
from tests.served import free_port, serve

SECRET = "only for tests"
ALEX = {
    "preferred_username": "alex",
    "email": "alex@example.com",
    "email_verified": False,
    "groups": ["MHHS Analysts", "MHHS Compliance"],
}
TWO = [Person(sub="1001", claims=ALEX), Person(sub="1002", claims=ALEX)]


@dataclass
class Site:
    """A server that people sign in to, with the provider that names them."""

    address: str
    issuer: str
    warehouse: Warehouse

    def sign_in(self, subject: str) -> httpx.Client:
        """A browser in which this person has signed in."""
        client = httpx.Client(follow_redirects=True, timeout=30)
        token = encode_provider_token("default")  # as `st.login` makes it
        page = client.get(f"{self.address}/auth/login", params={"provider": token})
        assert "oauth2/authorize" in str(page.url)
        client.post(page.url, data={"sub": subject})
        return client

    def user(self, client: httpx.Client) -> User:
        """The reader that the cookies of the sign-in name."""
        return sessions.reader(dict(client.cookies))

    def lines(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in audit.lines(self.warehouse.audit_log) if line["kind"] == kind]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("alex")
    warehouse = make_warehouse(folder / "warehouse")
    port = free_port()
    address = f"http://localhost:{port}"
    with provider(free_port(), users=TWO) as metadata_url:
        file = access_file(folder, address, metadata_url)
        with (
            serve(warehouse, port, folder / "log", {"MHHS_LINK_SECRET": SECRET}, file),
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setenv("MHHS_ACCESS", str(file))
            patch.setenv("MHHS_WAREHOUSE", str(warehouse))
            patch.setattr(links, "_SECRET", SECRET.encode())
            patch.setattr("streamlit.auth_util.get_signing_secret", lambda: COOKIE_SECRET)
            issuer = metadata_url.partition("/.well-known")[0]
            yield Site(address, issuer, Warehouse(warehouse))


def test_two_people_of_one_name_share_neither_queries_nor_links_nor_sessions(site: Site) -> None:
    one, two = site.sign_in("1001"), site.sign_in("1002")
    first, second = site.user(one), site.user(two)
    assert first.name == second.name == "alex"
    assert (first.issuer, first.subject) == (site.issuer, "1001")

    saved_queries.save(first, "mine", "select 1")
    assert saved_queries.of(second) == []
    saved_queries.save(second, "mine", "select 2")
    assert [each.sql for each in saved_queries.of(first)] == ["select 1"]

    file = f"{publication_id(AFTER)}/by-hand/list.csv"
    path = site.warehouse.exports / file
    path.parent.mkdir(parents=True)
    path.write_text("a\n")
    link = site.address + links.link(file, first.key)
    assert one.get(link).status_code == 200
    assert two.get(link).status_code == 403
    assert [line["reader"] for line in site.lines("sign_in")] == [first.key, second.key]
    assert [line["subject"] for line in site.lines("sign_in")] == ["1001", "1002"]
    assert site.lines("download")[-1]["reader"] == first.key
    assert site.lines("refused")[-1]["reader"] == second.key

    assert two.get(site.address + links.link(file, second.key)).status_code == 200


def test_a_person_whose_name_changes_keeps_what_is_theirs(site: Site) -> None:
    before = site.user(site.sign_in("1002"))
    saved_queries.save(before, "kept", "select 3")
    renamed = {**ALEX, "preferred_username": "alex.smith"}
    answer = httpx.put(f"{site.issuer}/users/1002", json=renamed)
    assert answer.is_success, answer.text
    client = site.sign_in("1002")
    after = site.user(client)
    assert (before.name, after.name) == ("alex", "alex.smith")
    assert after.key == before.key
    assert "kept" in [each.name for each in saved_queries.of(after)]
    assert site.lines("sign_in")[-1]["user"] == "alex.smith"
    assert site.lines("sign_in")[-1]["reader"] == before.key


# --- without a server -----------------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    monkeypatch.delenv("MHHS_ACCESS", raising=False)
    monkeypatch.setenv("MHHS_WAREHOUSE", str(tmp_path))
    return Warehouse(tmp_path)


def signed_in(name: str, subject: str, issuer: str = ISSUER) -> User:
    return User(name, frozenset({"analyst"}), "signed in", issuer, subject)


def test_the_same_subject_at_another_issuer_is_another_person() -> None:
    people = [
        signed_in("alex", "1"),
        signed_in("alex", "1", "https://other.example"),
        signed_in("alex", "2"),
        # The two texts together are the same as those of the first.
        signed_in("alex", "t1", ISSUER.removesuffix("t")),
        auth.LOCAL_USER,
        User("alex", frozenset()),
    ]
    assert len({each.key for each in people}) == len(people)
    assert replace(people[0], name="other").key == people[0].key
    assert auth.ANONYMOUS.key == auth.ENDED.key == ""


def test_saved_queries_of_a_name_are_given_to_nobody_of_that_name(own: Warehouse) -> None:
    old = User("alex", frozenset())  # named the files of earlier versions
    saved_queries.save(old, "private", "select 'secret'")
    assert (own.saved_queries / "4135aa9dc1b842a6.json").exists()
    assert saved_queries.of(signed_in("alex", "1")) == []


def test_an_operator_can_give_queries_of_a_name_to_a_reader(own: Warehouse) -> None:
    saved_queries.save(User("alex", frozenset()), "private", "select 1")
    alex = signed_in("alex", "1")
    (file,) = own.saved_queries.glob("*.json")
    assert json.loads(file.read_text())["user"] == "alex"
    file.rename(file.with_name(f"{alex.key}.json"))  # as docs/access.md says
    assert [each.name for each in saved_queries.of(alex)] == ["private"]


def test_the_local_user_keeps_their_queries(own: Warehouse) -> None:
    queries = [{"name": "old", "sql": "select 1", "saved_at": "2026-11-01T00:00:00+00:00"}]
    own.saved_queries.mkdir(parents=True)
    file = own.saved_queries / "25bf8e1a2393f110.json"  # as earlier versions named it
    file.write_text(json.dumps({"user": "local", "queries": queries}))
    assert [each.name for each in saved_queries.of(auth.LOCAL_USER)] == ["old"]


@pytest.mark.parametrize("issuer", [None, "", 7])
def test_claims_without_an_issuer_name_nobody(
    issuer: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "https://mhhs.example.org"
    file = access_file(tmp_path, address, "https://id.example.org/m")
    access = settings({"MHHS_ACCESS": str(file)})
    assert access is not None
    assert auth.user_of(claims_of("cat", address), access).name
    assert auth.user_of(claims_of("cat", address, iss=issuer), access) == auth.ANONYMOUS


def test_the_log_tells_two_readers_of_one_name_apart(
    own: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, ada = signed_in("alex", "1"), signed_in("alex", "2"), signed_in("ada", "3")
    audit.record(own.audit_log, "sql", "alex", subject="1")  # a line of an earlier version
    for user in (one, two, ada):
        audit.record(own.audit_log, "sql", user.name, **user.identity())
    assert data.downloads.log()["user"].to_list() == [
        "ada", f"alex ({two.key[:8]})", f"alex ({one.key[:8]})", "alex",
    ]  # fmt: skip


def test_nothing_but_display_reads_a_readers_name() -> None:
    """A lint: files, links and comparisons use the key."""
    allowed: dict[str, Callable[[str], bool]] = {
        "auth.py": lambda line: "self.name" in line,
        "components/gate.py": lambda line: True,
        "gateway.py": lambda line: "if user.name" in line or "audit.record" in line,
        "asgi.py": lambda line: "if not user.name" in line or "audit.record" in line,
        "sql_export.py": lambda line: '"user": user.name' in line,
        "saved_queries.py": lambda line: '"user": user.name' in line,
        "data/sql.py": lambda line: line.strip() == "user.name,",
        "data/points.py": lambda line: line.strip() == "user.name,",
    }
    folder = Path(auth.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        fits = allowed.get(path.relative_to(folder).as_posix(), lambda line: False)
        for line in path.read_text("utf-8").splitlines():
            if re.search(r"\buser\.name\b|current_user\(\)\.name", line):
                assert fits(line) or "current_user().name:" in line, f"{path}: {line}"
