"""Signing in through a real provider, in a real Chromium: roles, links, sessions, refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dashboards.registry import PAGES, PageEntry
from dashboards.sessions import COOKIE
from tests.browser.looks import PHONE, assert_accessible, assert_fits
from tests.browser.signing_in import DEEP_LINK, Site, listen, make_file, sign_in, visit
from tests.fixture_publication import AFTER, publication_id
from tests.identity import PEOPLE, ROLES
from tests.served import settle

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("signed_links")]

# Each of the four roles, alone or as people have them.
READERS = ("lea", "ann", "cat", "ada")
MPAN = re.compile(rb"\d{2} \d{3} \d{3} \d{3} \d{2}|\d{13}")


def path_of(entry: PageEntry) -> str:
    return "/" if entry is PAGES[0] else f"/{entry.name}"


def is_open(entry: PageEntry, name: str) -> bool:
    return bool(ROLES[name]) and (not entry.needs or bool(ROLES[name].intersection(entry.needs)))


def mpans_in(received: bytes, site: Site) -> set[bytes]:
    return {found.replace(b" ", b"") for found in MPAN.findall(received)} & site.mpans


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.name)
@pytest.mark.parametrize("name", READERS)
def test_a_role_opens_its_pages_and_no_others(
    reader: Callable[[str], Any], site: Site, name: str, entry: PageEntry
) -> None:
    page = reader(name)
    page.received.clear()
    visit(page, path_of(entry))
    assert page.title() == f"{entry.title} · MHHS readiness"
    assert page.locator("h1").count() == 1
    if is_open(entry, name):
        assert page.locator(".mhhs-strip").count() == 1
        assert page.get_by_text(f"The page {entry.title} needs the role").count() == 0
    else:
        assert page.locator(".mhhs-strip").count() == 0
        page.get_by_text(f"The page {entry.title} needs the role {entry.needs[0]}").wait_for()
        page.get_by_text("ask mhhs-desk@example.com").wait_for()
    if "compliance" not in ROLES[name]:
        assert not mpans_in(bytes(page.received), site)


def test_compliance_sees_the_list_with_its_mpans(reader: Callable[[str], Any], site: Site) -> None:
    page = reader("cat")
    page.received.clear()
    visit(page, DEEP_LINK)
    page.get_by_role("button", name="Prepare CSV").wait_for()
    assert len(mpans_in(bytes(page.received), site)) > 50


def test_others_see_the_counts_and_how_to_ask_for_the_list(reader: Callable[[str], Any]) -> None:
    page = reader("lea")
    visit(page, DEEP_LINK)
    page.get_by_text("exceptions match the filters").wait_for()
    page.get_by_text("The list of Metering Points needs the role compliance").wait_for()
    assert page.get_by_role("button", name="Prepare CSV").count() == 0


@pytest.mark.parametrize("name", READERS)
def test_the_menu_shows_what_may_be_opened(reader: Callable[[str], Any], name: str) -> None:
    page = reader(name)
    visit(page, "/")
    shown = set()
    menu = page.get_by_test_id("stToolbar").get_by_test_id("stTopNavSection")
    for number in range(menu.count()):
        menu.nth(number).click()
        links_of_section = page.get_by_test_id("stTopNavDropdownLink")
        links_of_section.first.wait_for()
        shown |= {text.splitlines()[-1] for text in links_of_section.all_inner_texts()}
        page.keyboard.press("Escape")
    shown |= {
        text.splitlines()[-1] for text in page.get_by_test_id("stTopNavLink").all_inner_texts()
    }
    assert shown == {entry.title for entry in PAGES if is_open(entry, name)}


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.name)
def test_without_signing_in_a_page_shows_nothing(
    somebody: Callable[..., Any], site: Site, entry: PageEntry
) -> None:
    page = somebody()
    page.received = bytearray()
    page.on("websocket", lambda socket: listen(socket, page))
    visit(page, path_of(entry))
    assert page.locator("h1").all_inner_texts() == ["MHHS readiness"]
    assert page.get_by_role("button", name="Sign in").count() == 1
    assert page.locator(".mhhs-strip").count() == 0
    assert publication_id(AFTER).encode() not in page.received
    assert not mpans_in(bytes(page.received), site)


def test_an_account_without_a_role_is_told_how_to_get_one(
    somebody: Callable[..., Any], site: Site
) -> None:
    page = somebody()
    page.goto("/suppliers")
    sign_in(page, "new")
    assert page.locator("h1").inner_text() == "You have no role yet"
    page.get_by_text("ask mhhs-desk@example.com").wait_for()
    assert page.locator(".mhhs-strip").count() == 0
    assert page.get_by_test_id("stTopNavSection").count() == 0
    file = make_file(site)
    answer = page.request.get(site.link(file, "new", role=None))
    assert (answer.status, answer.text()) == (403, "You have no role in this app.")


def test_a_deep_link_survives_signing_in(somebody: Callable[..., Any], site: Site) -> None:
    page = somebody()
    visit(page, DEEP_LINK)
    page.get_by_role("button", name="Sign in").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="cat", exact=True).click()
    settle(page)
    assert page.url == f"{site.address}{DEEP_LINK}"
    assert page.locator("h1").inner_text() == "Exceptions"
    chosen = page.get_by_test_id("stMultiSelect").filter(has_text="Supplier or agent")
    assert "(WILL)" in chosen.inner_text()
    visit(page, "/")  # the way back is used once
    assert page.url == f"{site.address}/"
    assert page.locator("h1").inner_text() == "Overview"


def test_a_refused_sign_in_says_so_and_keeps_the_link(
    somebody: Callable[..., Any], site: Site
) -> None:
    page = somebody()
    visit(page, DEEP_LINK)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Deny").click()
    page.get_by_text("The sign-in did not succeed").wait_for(timeout=30_000)
    sign_in(page, "cat")
    assert page.url == f"{site.address}{DEEP_LINK}"


def test_a_claim_too_long_for_one_cookie_signs_in_all_the_same(
    reader: Callable[[str], Any], site: Site
) -> None:
    page = reader("col")
    names = {cookie["name"] for cookie in page.context.cookies()}
    assert {COOKIE, f"{COOKIE}_1", f"{COOKIE}_2"} <= names
    answer = page.request.get(site.link(make_file(site), "col"))
    assert answer.status == 200
    assert answer.body() == b"a\n"


def test_a_download_is_served_to_its_reader_alone_and_leaves_a_line(
    reader: Callable[[str], Any], somebody: Callable[..., Any], site: Site
) -> None:
    page = reader("cat")
    visit(page, DEEP_LINK)
    page.get_by_role("button", name="Prepare CSV").click()
    link = page.get_by_role("link", name="Download CSV")
    with page.expect_download(timeout=30_000) as started:
        link.click(timeout=30_000)
    rows = len(Path(started.value.path()).read_text("utf-8-sig").splitlines()) - 1
    line = site.audit()[-1]
    assert line["kind"] == "download"
    assert line["user"] == "cat@compliance.example"
    assert line["subject"] == "cat"
    assert (line["rows"], line["publication_id"]) == (rows, publication_id(AFTER))
    assert line["filters"] == {"mpid": ["WILL"], "rule_id": ["SUP-01"], "severity": ["BREACH"]}

    address = link.get_attribute("href")
    lines = len(site.audit())
    anonymous = somebody().request.get(address)
    assert (anonymous.status, anonymous.text()[:13]) == (403, "Sign in first")
    assert len(site.audit()) == lines
    for name in ("lea", "ann", "ada", "col"):
        assert reader(name).request.get(address).status == 403
        assert site.audit()[-1]["kind"] == "refused"
        assert site.audit()[-1]["user"] == PEOPLE[name]["email"]
    with page.expect_download() as manifest:
        page.get_by_role("link", name="Manifest").click()
    assert json.loads(Path(manifest.value.path()).read_text())["rows"] == rows
    assert site.audit()[-1]["file"].endswith(".csv.manifest.json")


def test_the_admin_sees_who_took_what_and_can_take_the_log(
    reader: Callable[[str], Any], site: Site
) -> None:
    reader("cat").request.get(site.link(make_file(site), "cat"))
    page = reader("ada")
    visit(page, "/downloads?log_kind=download&log_user=cat@compliance.example")
    lines = [
        line
        for line in site.audit()
        if (line["kind"], line["user"]) == ("download", "cat@compliance.example")
    ]
    words = f"{len(lines)} line{'' if len(lines) == 1 else 's'} "
    page.get_by_text(words).first.wait_for()
    page.get_by_role("button", name="Prepare CSV").click()
    with page.expect_download(timeout=30_000) as started:
        page.get_by_role("link", name="Download CSV").click(timeout=30_000)
    text = Path(started.value.path()).read_text("utf-8-sig")
    assert text.splitlines()[0] == "at,kind,user,what,rows,publication_id,details"
    assert len(text.splitlines()) == len(lines) + 1
    assert site.audit()[-1]["user"] == "ada@it.example"


def test_every_answer_says_not_to_frame_or_sniff_it(reader: Callable[[str], Any]) -> None:
    headers = reader("cat").request.get("/").headers
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"].split("; ")
    assert {"frame-ancestors 'self'", "default-src 'self'"} <= set(policy)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("name", "address"),
    [
        (None, DEEP_LINK),
        ("new", "/"),
        ("cat", "/downloads"),
        ("ada", "/downloads"),
        ("lea", DEEP_LINK),
    ],
    ids=["signing in", "no role", "forbidden", "log", "list forbidden"],
)
def test_the_states_are_accessible_and_fit_a_phone(
    reader: Callable[[str], Any],
    somebody: Callable[..., Any],
    name: str | None,
    address: str,
    scheme: str,
) -> None:
    page = reader(name) if name else somebody()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 1280, "height": 900})
    visit(page, address)
    if name in {"new", "cat"}:
        page.get_by_role("button", name=PEOPLE[name]["email"]).click()
        page.get_by_role("button", name="Sign out").wait_for()
    assert_accessible(page)
    page.set_viewport_size({"width": PHONE, "height": 844})
    visit(page, address)
    try:
        assert_fits(page, PHONE)
    finally:
        page.set_viewport_size({"width": 1280, "height": 900})
