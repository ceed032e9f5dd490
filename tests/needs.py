"""What tests need of the machine: without it they are skipped with a reason, in CI they fail.

`tests/install_debian_packages.sh` installs it; the end of a run says what is missing and how to
install it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest

from tests.command import PROJECT

_INSTALL = PROJECT / "tests" / "install_debian_packages.sh"


def chromium() -> str:
    """The path of the browser, once it is known that Playwright's driver can start it."""
    path = _browser_path()
    reason = _why_no_browser() if path else "Chromium is not installed"
    if path is None or reason is not None:
        if os.environ.get("CI"):
            pytest.fail(f"{reason}: run {_INSTALL.relative_to(PROJECT)}, or name it in CHROMIUM.")
        pytest.skip(str(reason))
    return path


def _browser_path() -> str | None:
    named = os.environ.get("CHROMIUM")
    return named or shutil.which("chromium") or shutil.which("chromium-browser")


@cache
def _why_no_browser() -> str | None:
    """Why Playwright's driver does not start: it is a Node.js that links to libatomic."""
    asked = [sys.executable, "-m", "playwright", "--version"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return None
    missing = "libatomic1 is not installed, which Playwright's driver needs"
    return missing if "libatomic" in done.stderr else "Playwright's driver does not start"


@contextmanager
def open_chromium() -> Iterator[Any]:
    """A headless Chromium: the only way in which tests start Playwright."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def skipped_line(reports: Iterable[Any]) -> str | None:
    """One line about the skipped tests of a run: how many, why, and what installs the rest."""
    reasons = Counter(
        str(report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr)
        .removeprefix("Skipped: ")
        .rstrip(".")
        for report in reports
    )
    if not reasons:
        return None
    why = "; ".join(f"{reason}: {count}" for reason, count in reasons.most_common())
    command = subprocess.run(
        [str(_INSTALL), "--command"], capture_output=True, text=True, check=False
    ).stdout.strip()
    remedy = f" To run more: {command} && make test" if command else ""
    skipped = "1 test was" if reasons.total() == 1 else f"{reasons.total()} tests were"
    return f"{skipped} skipped ({why}).{remedy}"
