"""The commands of the Makefile: what they install, what they say, what they leave behind."""

from __future__ import annotations

import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.command import PROJECT, pipeline

# Stands in for the Python of the virtual environment: notes each command, and waits in one of them.
_NOTES = """#!/bin/sh
echo "$3 MHHS_TODAY=$MHHS_TODAY" >> "$NOTES"
[ "$3" != "$WAIT_IN" ] || exec python3 -c '
import sys, time
try:
    print("waiting", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    sys.exit(130)
'
"""


@pytest.fixture(autouse=True)
def no_make_above(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under `make test` another make would say which folder it enters."""
    for name in ("MAKELEVEL", "MAKEFLAGS", "MFLAGS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[list[str]]:
    """`make demo` into folders of its own, as if the packages were installed."""
    (tmp_path / "venv").mkdir()
    for name in (".installed", ".installed-dev"):
        (tmp_path / "venv" / name).touch()
    stand_in = tmp_path / "python"
    stand_in.write_text(_NOTES, "utf-8")
    stand_in.chmod(0o755)
    (tmp_path / "demo").mkdir()
    yield ["make", f"VENV={tmp_path}/venv", f"RUN={stand_in}", f"DEMO={tmp_path}/demo"]


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    monkeypatch.delenv("MHHS_TODAY", raising=False)
    return tmp_path / "notes"


def test_the_demo_lives_on_the_day_after_its_last_file(make: list[str], notes: Path) -> None:
    subprocess.run([*make, "demo"], cwd=PROJECT, check=True)
    ran = notes.read_text("utf-8").splitlines()
    assert [line.split()[0] for line in ran] == ["simulate", "run", "run", "dashboard"]
    assert all(line.endswith("MHHS_TODAY=2026-11-11") for line in ran[1:])
    subprocess.run(["rm", str(notes.parent / "demo" / ".ready")], check=True)
    subprocess.run([*make, f"{notes.parent}/demo/.ready"], cwd=PROJECT, check=True)
    assert notes.read_text("utf-8").splitlines()[-1] == "run MHHS_TODAY=2026-11-11"


@pytest.mark.parametrize("step", ["simulate", "run", "dashboard"])
def test_ctrl_c_ends_the_demo_quietly(
    make: list[str], notes: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setenv("WAIT_IN", step)
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(PROJECT)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored in what a script starts with &
        os.execvp("make", [*make, "demo"])
    said = b""
    while b"waiting" not in said:
        said += os.read(terminal, 1000)
    os.write(terminal, b"\x03")
    while chunk := _read(terminal):
        said += chunk
    _, status = os.waitpid(process, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == -2  # a shell says 130
    assert (
        said.translate(None, b"^C\r\n") == b"waiting"
    )  # the terminal echoes ^C, make says nothing
    assert notes.read_text("utf-8").splitlines()[-1].startswith(step)
    stamp = {"simulate": ".landing", "run": ".before"}.get(step)
    assert stamp is None or not (notes.parent / "demo" / stamp).exists()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1000)
    except OSError:  # the other side is closed
        return b""


@pytest.mark.parametrize(
    ("target", "files"),
    [
        ("demo", ["requirements.txt"]),
        ("run", ["requirements.txt"]),
        ("docs", ["requirements.txt"]),
        ("test", ["requirements.txt", "requirements-dev.txt"]),
        ("lint", ["requirements.txt", "requirements-dev.txt"]),
    ],
)
def test_only_tests_and_lint_install_what_developers_need(
    tmp_path: Path, target: str, files: list[str]
) -> None:
    planned = subprocess.run(
        ["make", "--dry-run", f"VENV={tmp_path}/venv", f"DEMO={tmp_path}/demo", target],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    installed = [line for line in planned.replace("\\\n", "").splitlines() if "pip install" in line]
    assert [line.partition(" -r ")[2].split()[0] for line in installed] == files
    assert all("--require-hashes --only-binary :all:" in line for line in installed)


def test_without_a_network_one_line_says_what_to_do(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name[:4] != "PIP_"}
    with closing(socket.socket()) as probe:  # bound, but nothing listens
        probe.bind(("127.0.0.1", 0))
        index = f"http://127.0.0.1:{probe.getsockname()[1]}/simple"
        done = subprocess.run(
            [
                *("make", f"PYTHON={sys.executable}", f"VENV={tmp_path}/venv"),
                f"{tmp_path}/venv/.installed",
            ],
            cwd=PROJECT,
            env=environment
            | {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": index, "PIP_RETRIES": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert "No matching distribution" in done.stderr
    _, ours = done.stdout.splitlines()
    assert ours.startswith("The packages are not installed. If pip found no version above, it")
    assert "check the network, or set PIP_INDEX_URL to your mirror" in ours
    assert not (tmp_path / "venv" / ".installed").exists()


def test_a_taken_port_is_said_before_the_address(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = pipeline("dashboard", "--warehouse", tmp_path, "--port", str(port), expect=3)
    assert "Dashboard:" not in done.stdout
    assert f"cannot listen on port {port} of 127.0.0.1: Address already in use." in done.stderr
    assert f"make demo PORT={port + 1 if port < 65535 else 8501}" in done.stderr


_TESTS = """
import pytest

@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    shared = tmp_path_factory.getbasetemp().parent / "market-of-all"
    shared.mkdir(exist_ok=True)
    return tmp_path_factory.mktemp("session")

@pytest.mark.parametrize("number", range(4))
def test_writes(folder, tmp_path, number):
    (folder / "file").write_text("x")
    (tmp_path / "file").write_text("x")
    assert number < {limit}
"""


def test_a_run_that_passes_leaves_nothing_in_the_temporary_folder(tmp_path: Path) -> None:
    def left(limit: int) -> list[Path]:
        test = tmp_path / "test_writes.py"
        test.write_text(_TESTS.format(limit=limit), "utf-8")
        subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-n", "2", "-p", "no:cacheprovider"),
                *("-c", str(PROJECT / "pyproject.toml"), "--rootdir", str(tmp_path), str(test)),
            ],
            env=environment | {"TMPDIR": str(temporary)},
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        return [path for path in temporary.rglob("*") if path.is_file() and path.name == "file"]

    environment = {key: value for key, value in os.environ.items() if key[:7] != "PYTEST_"}
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    assert left(limit=4) == []
    assert not list(temporary.rglob("market-of-all"))
    kept = left(limit=3)
    assert kept
    assert len(left(limit=3)) == len(kept)  # of the last run that failed, and of no other
