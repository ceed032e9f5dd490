"""Roles at the pages and at the data, the log of downloads, help. No browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboards import audit, auth, data, exporting
from dashboards.auth import Forbidden, Role, User
from dashboards.registry import PAGES, PageEntry
from pipeline.layout import Warehouse
from tests.fixture_publication import PROJECT, make_warehouse
from tests.identity import PEOPLE, ROLES, access_file, claims_of

STRIP = 'aria-label="Data status"'
ADDRESS = "http://localhost:8501"
METADATA = "http://localhost:9000/.well-known/openid-configuration"


@pytest.fixture
def warehouse(monkeypatch: pytest.MonkeyPatch, fixture_warehouse: Path) -> Path:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(fixture_warehouse))
    monkeypatch.setenv("MHHS_TODAY", "2026-11-11")
    return fixture_warehouse


@pytest.fixture
def provider(warehouse: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MHHS_ACCESS", str(access_file(tmp_path, ADDRESS, METADATA)))


def open_as(name: str | None, page: str, **claims: Any) -> AppTest:
    app = AppTest.from_file(str(PROJECT / "dashboards/app.py"), default_timeout=30)
    if name:
        app.user = claims_of(name, ADDRESS, **claims)
    app.run()
    if page != PAGES[0].name:
        app.switch_page(f"views/{page}.py").run()
    assert not app.exception, app.exception
    return app


def words_of(app: AppTest) -> str:
    html = [element.proto.body for element in app.get("html")]
    return "\n".join([*html, *(str(each.value) for each in (*app.warning, *app.info, *app.error))])


@pytest.mark.usefixtures("provider")
@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.name)
@pytest.mark.parametrize("name", sorted(PEOPLE))
def test_each_role_meets_the_page_or_what_to_do(name: str, entry: PageEntry) -> None:
    app = open_as(name, entry.name)
    text = words_of(app)
    assert PEOPLE[name]["email"] in text
    if not ROLES[name]:
        assert [title.value for title in app.title] == ["You have no role yet"]
    elif not entry.needs or ROLES[name].intersection(entry.needs):
        assert len(app.title) == 1
        assert STRIP in text
        assert f"The page {entry.title} needs" not in text
        return
    else:
        assert f"The page {entry.title} needs the role **{entry.needs[0]}**" in text
    assert STRIP not in text
    assert "ask <b>mhhs-desk@example.com</b>" in text


@pytest.mark.usefixtures("provider")
def test_nobody_and_an_ended_session_meet_the_sign_in() -> None:
    app = open_as(None, "suppliers")
    assert app.title[0].value == "MHHS readiness"
    assert [button.label for button in app.button] == ["Sign in"]
    assert "session has ended" not in words_of(app)
    ended = open_as("cat", "suppliers", exp=1)
    assert "Your session has ended" in words_of(ended)
    assert STRIP not in words_of(ended)


@pytest.mark.usefixtures("warehouse")
def test_without_a_provider_the_page_says_so() -> None:
    app = open_as(None, "help")
    assert app.title[0].value == "Help"
    assert app.caption[-1].value.startswith("Local use: no sign-in provider is set up")


@pytest.mark.usefixtures("warehouse")
@pytest.mark.parametrize("role", auth.ROLES)
def test_rows_and_files_are_kept_from_other_roles(
    role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = data.store.kept()[0]
    user = User("somebody", frozenset({role}))
    monkeypatch.setattr(auth, "current_user", lambda: user)
    assert data.exceptions.count(view, {})["rows"] > 0
    order = exporting.order(view, "exceptions", {"mpid": ["nobody"]})
    if role == "compliance":
        assert data.exceptions.rows(view, {}, 1).height > 0
    else:
        with pytest.raises(Forbidden):
            data.exceptions.rows(view, {}, 1)
        with pytest.raises(Forbidden):
            exporting.start(order)
    if role == "admin":
        data.downloads.log()
    else:
        with pytest.raises(Forbidden):
            data.downloads.log()


def make_log(root: Path) -> Path:
    warehouse = make_warehouse(root)
    log = Warehouse(warehouse).audit_log
    facts = {"publication_id": "20261110-x-1", "sha256": "ab"}
    audit.record(
        log, "download", "cat@compliance.example", subject="cat", rows=1570,
        file="20261110-x-1/ab/mhhs_exceptions_20261110-x-1_1570rows.csv",
        filters={"severity": ["BREACH"], "mpid": ["HYPE", "SORB"]}, **facts,
    )  # fmt: skip
    audit.record(log, "sql", "ann@analysis.example", rows=4, sql="=1+1", **facts)
    audit.record(log, "novelty", "ada@it.example", note=[1, 2])
    return warehouse


def test_the_log_shows_who_took_what_newest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(make_log(tmp_path / "warehouse")))
    app = open_as(None, "downloads")
    text = words_of(app)
    assert "<strong>1 download</strong> by 1 reader in the last 28 days, 1,570 rows in all" in text
    shown = app.dataframe[0].value
    assert shown["Who"].to_list() == [
        "ada@it.example", "ann@analysis.example", "cat@compliance.example",
    ]  # fmt: skip
    assert shown["What"].to_list() == ["novelty", "SQL query", "Download"]
    assert shown["File"].to_list()[2] == "mhhs_exceptions_1570rows.csv"
    facts = shown["Filters and other facts"].to_list()
    assert facts == ["note: 1 or 2", "sql: =1+1", "severity: BREACH; mpid: HYPE or SORB"]
    app.multiselect(key="log_kind").set_value(["sql"]).run()
    assert app.query_params["log_kind"] == "sql"
    assert app.dataframe[0].value["Who"].to_list() == ["ann@analysis.example"]


def test_the_file_of_the_log_holds_what_the_filters_select_and_no_formula(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = make_log(tmp_path / "warehouse")
    monkeypatch.setenv("MHHS_WAREHOUSE", str(warehouse))
    audit.record(Warehouse(warehouse).audit_log, "sql", "=HYPERLINK(1)", rows=-1)
    place = data.downloads.write_csv(data.downloads.log())
    written = (warehouse / "exports" / place).read_text("utf-8-sig").splitlines()
    assert place.endswith("/mhhs_downloads_4rows.csv")
    assert len(written) == 5
    assert ",sql,'=HYPERLINK(1),,-1," in written[1]


def test_an_empty_log_says_what_will_stand_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MHHS_WAREHOUSE", str(make_warehouse(tmp_path / "warehouse")))
    app = open_as(None, "downloads")
    assert "Every download and SQL query leaves a line here" in words_of(app)
    assert "<strong>No file was downloaded</strong>" in words_of(app)


@pytest.mark.usefixtures("provider")
def test_help_names_the_readers_roles_and_the_symbols() -> None:
    text = words_of(open_as("ada", "help"))
    for symbol in ("[x]", "[z]", "[c]", "low"):
        assert f'<th scope="row">{symbol}</th>' in text
    assert '>Admin</th><td class="long">the log of downloads</td><td>Yes</td>' in text
    assert '>Analyst</th><td class="long">SQL over the marts</td><td>No</td>' in text
