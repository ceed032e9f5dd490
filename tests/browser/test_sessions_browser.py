"""Sessions: forged cookies, wrong links, and sessions that end."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from dashboards.sessions import COOKIE
from tests.browser.signing_in import DEEP_LINK, Site, make_file, sign_in, visit
from tests.identity import claims_of, signed

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("signed_links")]


def test_links_and_cookies_that_are_not_right_are_refused(
    reader: Callable[[str], Any],
    somebody: Callable[..., Any],
    site: Site,
) -> None:
    file = make_file(site)
    good = site.link(file, "cat")
    get = reader("cat").request.get
    assert get(good).status == 200
    assert get(site.link(file, "cat", seconds=-1)).status == 403
    assert get(good[:-3] + "AAA").status == 403
    assert get(site.link(file, "cat", role="admin")).status == 403
    assert reader("lea").request.get(site.link(file, "lea")).status == 403
    assert reader("lea").request.get(site.link(file, "lea", role=None)).status == 200

    now = int(time.time())
    right = claims_of("cat", site.address, iss=site.issuer)
    for cookies, status in (
        ({COOKIE: signed(COOKIE, right)}, 200),
        ({COOKIE: signed(COOKIE, right, secret="another secret, as long as it is")}, 403),
        ({COOKIE: json.dumps(right)}, 403),
        ({COOKIE: signed("_streamlit_user_tokens", right)}, 403),
        ({COOKIE: signed(COOKIE, {**right, "origin": "https://other.example"})}, 403),
        ({COOKIE: signed(COOKIE, {**right, "exp": now - 1})}, 403),
        ({COOKIE: signed(COOKIE, {**right, "iat": now - 9 * 3600})}, 403),
    ):
        assert somebody(cookies).request.get(good).status == status, cookies


def test_a_forged_cookie_shows_the_sign_in(somebody: Callable[..., Any], site: Site) -> None:
    forged = signed(COOKIE, claims_of("cat", site.address), secret="x" * 40)
    page = somebody({COOKIE: forged})
    visit(page, DEEP_LINK)
    assert page.locator("h1").inner_text() == "MHHS readiness"
    sign_in(page, "lea")
    page.get_by_text("The list of Metering Points needs the role compliance").wait_for()


def test_an_open_page_goes_when_the_session_ends(somebody: Callable[..., Any], site: Site) -> None:
    ends = int(time.time()) + 25
    page = somebody(
        {COOKIE: signed(COOKIE, claims_of("cat", site.address, iss=site.issuer, exp=ends))}
    )
    visit(page, "/suppliers?missing=DIP_MGR")
    assert page.locator("h1").inner_text() == "Suppliers"
    link = site.link(make_file(site), "cat")
    assert page.request.get(link).status == 200
    page.get_by_text("Your session has ended").wait_for(timeout=60_000)
    assert time.time() >= ends
    assert page.locator(".mhhs-strip").count() == 0
    assert page.request.get(link).status == 403
    sign_in(page, "cat")
    assert page.url == f"{site.address}/suppliers?missing=DIP_MGR"


def test_signing_out_ends_the_session_everywhere(somebody: Callable[..., Any], site: Site) -> None:
    page = somebody()
    page.goto("/suppliers")
    sign_in(page, "cat")
    copied = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    link = site.link(make_file(site), "cat")
    assert page.request.get(link).status == 200
    other_tab = page.context.new_page()
    visit(other_tab, "/suppliers")

    page.get_by_role("button", name="cat@compliance.example").click()
    page.get_by_text("Session ends").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile("/oauth2/end_session.*id_token_hint="), timeout=30_000)
    page.get_by_role("button").first.click()
    page.get_by_role("button", name="Sign in").wait_for(timeout=30_000)
    assert not [each for each in page.context.cookies() if each["name"].startswith(COOKIE)]
    assert [line["kind"] for line in site.audit()[-3:]] == ["sign_in", "download", "sign_out"]

    other_tab.get_by_role("searchbox", name="Search").fill("yew")
    other_tab.keyboard.press("Enter")
    other_tab.get_by_text("Your session has ended").wait_for(timeout=30_000)
    thief = somebody({name: value for name, value in copied.items() if name.startswith(COOKIE)})
    assert thief.request.get(link).status == 403
    visit(thief, "/suppliers")
    assert thief.locator("h1").inner_text() == "MHHS readiness"
