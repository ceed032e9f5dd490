"""What is missing on a machine: tests are skipped with a reason, the end of a run says how many."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.command import PROJECT

INSTALL = PROJECT / "tests" / "install_debian_packages.sh"


def _machine_without(tmp_path: Path, *commands: str) -> dict[str, str]:
    """An environment in which these commands are not found."""
    folder = tmp_path / "bin"
    folder.mkdir(parents=True)
    for place in ("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"):
        for path in Path(place).iterdir() if Path(place).is_dir() else ():
            if path.name not in commands and not (folder / path.name).exists():
                (folder / path.name).symlink_to(path)
    return {"PATH": str(folder), "HOME": str(tmp_path), "PYTHON": sys.executable}


NO_BROWSER = ("chromium", "chromium-browser", "apt-get")


def test_only_one_module_starts_playwright() -> None:
    texts = {
        path.name: path.read_text("utf-8")
        for path in (PROJECT / "tests").rglob("*.py")
        if path != Path(__file__)
    }
    assert {name for name, text in texts.items() if "sync_playwright()" in text} == {"needs.py"}
    assert not {name for name, text in texts.items() if "importorskip(" in text}


def test_without_chromium_a_run_is_green_and_ends_with_one_clear_line(tmp_path: Path) -> None:
    done = _browser_test(_machine_without(tmp_path, *NO_BROWSER), tmp_path)
    assert done.returncode == 0, done.stdout
    line = next(line for line in done.stdout.splitlines() if "skipped (" in line)
    assert "1 test was skipped (Chromium is not installed: 1)" in line
    assert "chromium" in line.partition("sudo apt-get update && sudo apt-get install")[2]


def test_in_ci_a_missing_chromium_is_a_failure(tmp_path: Path) -> None:
    machine = _machine_without(tmp_path, *NO_BROWSER) | {"CI": "true"}
    done = _browser_test(machine, tmp_path)
    assert done.returncode == 1
    assert "Chromium is not installed: run tests/install_debian_packages.sh" in done.stdout


def test_without_the_library_of_the_driver_tests_are_skipped(tmp_path: Path) -> None:
    """A driver that does not start, as without libatomic1."""
    machine = _machine_without(tmp_path)
    driver = tmp_path / "node"
    driver.write_text("#!/bin/sh\necho 'libatomic.so.1: cannot open shared object' >&2\nexit 127\n")
    driver.chmod(0o755)
    machine |= {"CHROMIUM": "/bin/true", "PLAYWRIGHT_NODEJS_PATH": str(driver)}
    done = _browser_test(machine, tmp_path)
    assert done.returncode == 0, done.stdout
    assert "(libatomic1 is not installed, which Playwright's driver needs: 1)" in done.stdout


def _browser_test(machine: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    test = "tests/browser/test_download_browser.py"
    options = ("-m", "pytest", "-p", "no:cacheprovider", "--basetemp", str(folder / "inner"))
    return subprocess.run(
        [sys.executable, *options, test],
        cwd=PROJECT,
        env=machine,
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_debian_package_is_looked_for_by_itself(tmp_path: Path) -> None:
    def command(machine: dict[str, str]) -> str:
        return subprocess.run(
            [INSTALL, "--command"], env=machine, capture_output=True, text=True, check=True
        ).stdout

    whole = command(_machine_without(tmp_path))
    without = command(_machine_without(tmp_path / "less", *NO_BROWSER, "make"))
    assert {"make", "chromium"} <= set(without.split()) - set(whole.split())


def test_who_may_not_install_is_told_the_command_and_in_ci_it_fails(tmp_path: Path) -> None:
    machine = _machine_without(tmp_path, *NO_BROWSER)
    told = subprocess.run([INSTALL], env=machine, capture_output=True, text=True, check=False)
    assert told.returncode == 0
    assert re.search(
        r"^Not installed: .*chromium.* sudo apt-get install .*chromium", told.stderr
    ), told.stderr
    machine["CI"] = "true"
    assert subprocess.run([INSTALL], env=machine, capture_output=True, check=False).returncode == 1


def test_readme_names_what_a_newcomer_installs() -> None:
    readme = (PROJECT / "README.md").read_text("utf-8")
    assert "apt-get install make python3-venv" in readme
    script = INSTALL.read_text("utf-8")
    for package in ("chromium", "fonts-dejavu-core", "libatomic1", "python3-venv"):
        assert f"echo {package}" in script


def test_ci_installs_with_the_script_that_make_test_uses() -> None:
    assert INSTALL.name in (PROJECT / ".ci" / "run").read_text("utf-8")
    assert INSTALL.name in (PROJECT / "Makefile").read_text("utf-8")
    assert os.access(INSTALL, os.X_OK)
