"""Every command ends within five seconds of a signal, with 130, and the next run repairs.

More of them: MHHS_INTERRUPTS=20 python -m pytest tests/python/test_signals.py -s
"""

from __future__ import annotations

import gzip
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from pipeline.layout import Warehouse
from tests.command import PROJECT, pipeline
from tests.served import free_port
from tests.short import short

CASE = PROJECT / "tests" / "golden" / "cases" / "switch_at_m14" / "landing"
INTERRUPTS = int(os.environ.get("MHHS_INTERRUPTS", "2"))
SEED = int(os.environ.get("MHHS_RANDOM_SEED", "17"))
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
SENTENCE = "Error: Interrupted. Run the command again: it removes unfinished work and continues."
LIMIT = 5.0


def _default() -> None:
    for each in SIGNALS:  # ignored where the tests run in the background
        signal.signal(each, signal.SIG_DFL)


def _start(words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_default,
    )


def _wait_until_handled(process: subprocess.Popen[str]) -> None:
    """Until then Python itself is starting, and no code of ours can answer."""
    bit = 1 << (signal.SIGHUP - 1)
    status = Path(f"/proc/{process.pid}/status")
    while not int(status.read_text().split("SigCgt:")[1].split()[0], 16) & bit:
        time.sleep(0.01)


def _end(process: subprocess.Popen[str], number: signal.Signals) -> tuple[str, str, float]:
    """Send a signal: what was said, and how many seconds the process still took."""
    process.send_signal(number)
    sent = time.monotonic()
    try:
        said, told = process.communicate(timeout=30)
    finally:
        process.kill()
    return said, told, time.monotonic() - sent


def _script(tmp_path: Path, body: str) -> subprocess.Popen[str]:
    """A command of a few lines, once it has said that it works."""
    script = tmp_path / "command.py"
    script.write_text(
        "import subprocess, sys, threading, time\n"
        "from pipeline.signals import guard\n\n"
        "def command():\n"
        "    print('ready', flush=True)\n"
        f"{body}\n"
        "guard(command)\n"
    )
    process = _start(["-c", f"exec(open({str(script)!r}).read())"])
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


SLOW_QUERY = "select count(*) from range(10000000) a, range(10000000) b where a.range % 7 = b.range"
STUBBORN = {
    "sleeps": "    time.sleep(60)",
    "in DuckDB": f"    import duckdb\n    duckdb.sql('{SLOW_QUERY}').fetchall()",
    "in DuckDB in a thread": "    import duckdb\n"
    f"    work = threading.Thread(target=lambda: duckdb.sql('{SLOW_QUERY}').fetchall())\n"
    "    work.start()\n    work.join()",
    "takes it for another error": "    try:\n        time.sleep(60)\n"
    "    except BaseException:\n        raise ValueError('of a library') from None",
    "goes on": "    while True:\n        try:\n            time.sleep(60)\n"
    "        except BaseException:\n            pass",
    "ends as if all were well": "    try:\n        time.sleep(60)\n"
    "    except BaseException:\n        pass",
    "cleans up for long": "    try:\n        time.sleep(60)\n    finally:\n        time.sleep(60)",
    "has a worker": "    subprocess.run([sys.executable, '-c', 'import time; time.sleep(99)'])",
}


@pytest.mark.parametrize("body", STUBBORN.values(), ids=list(STUBBORN))
@pytest.mark.parametrize("number", SIGNALS, ids=lambda each: each.name)
def test_whatever_a_command_does(tmp_path: Path, body: str, number: signal.Signals) -> None:
    process = _script(tmp_path, body)
    time.sleep(0.3)
    said, told, seconds = _end(process, number)
    assert (process.returncode, said, told) == (130, "", f"{SENTENCE}\n")
    assert seconds < LIMIT


def test_the_second_signal_ends_at_once(tmp_path: Path) -> None:
    process = _script(tmp_path, STUBBORN["goes on"])
    process.send_signal(signal.SIGINT)
    time.sleep(0.6)
    _, told, seconds = _end(process, signal.SIGINT)
    assert (process.returncode, told) == (130, f"{SENTENCE}\n")
    assert seconds < 1


def test_one_signal_sent_twice_is_one(tmp_path: Path) -> None:
    """`timeout` sends it to the process, and again to its group."""
    body = (
        "    try:\n        print('inside', flush=True)\n        time.sleep(60)\n"
        "    finally:\n        time.sleep(1)\n        print('swept', flush=True)"
    )
    process = _script(tmp_path, body)
    assert process.stdout is not None
    assert process.stdout.readline() == "inside\n"
    process.send_signal(signal.SIGTERM)
    time.sleep(0.01)
    said, _, _ = _end(process, signal.SIGTERM)
    assert (process.returncode, said) == (130, "swept\n")


def test_workers_do_not_outlive_the_command(tmp_path: Path) -> None:
    worker = "import os, time; print(os.getpid(), flush=True); time.sleep(99)"
    body = (
        f"    words = [sys.executable, '-c', {worker!r}]\n"
        "    child = subprocess.Popen(words, start_new_session=True)\n" + STUBBORN["goes on"]
    )
    process = _script(tmp_path, body)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    _end(process, signal.SIGTERM)
    stat = Path(f"/proc/{pid}/stat")
    assert not stat.exists() or stat.read_text().split()[2] == "Z"


def test_a_signal_that_was_ignored_stays_ignored(tmp_path: Path) -> None:
    """As under nohup."""
    command = (
        "import signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
        "from pipeline.signals import guard; import os; "
        "guard(lambda: os.kill(os.getpid(), signal.SIGHUP))"
    )
    assert subprocess.run([sys.executable, "-c", command], cwd=PROJECT).returncode == 0


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_after_the_end_changes_nothing(number: int) -> None:
    """While the interpreter takes itself down it has given up its handlers."""
    command = (
        "import os, sys; from pipeline.signals import guard\n"
        "class Last:\n"
        f"    def __del__(self, kill=os.kill, me=os.getpid()): kill(me, {int(number)})\n"
        "last = Last()\n"
        "guard(lambda: sys.exit(7))"
    )
    assert subprocess.run([sys.executable, "-c", command], cwd=PROJECT).returncode == 7


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("signals") / "warehouse"
    short("run", "--landing", CASE, "--warehouse", root)
    return root


COMMANDS = {
    "run": ("run --landing {case} --warehouse {new}", 20.0),
    "load": ("load --landing {case} --warehouse {new}", 2.5),
    "daily": (
        "daily --landing {case} --warehouse {new} --day 2026-11-10 --expect registration",
        20.0,
    ),
    "waiting": (
        "daily --landing {case} --warehouse {new} --day 2026-11-09 --expect stage --wait-minutes 9",
        9.0,
    ),
    "simulate": (
        "simulate --points 30000 --from 2026-10-01 --to 2026-11-10 --landing {scratch}/made",
        6.0,
    ),
    "export": ("export --warehouse {warehouse} --out {scratch}/list.xlsx", 2.0),
    "verify": ("verify --all --warehouse {warehouse}", 2.0),
    "report": ("report --warehouse {warehouse} --out {scratch}/board.pdf", 4.0),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_at_a_random_moment(name: str, warehouse: Path, tmp_path: Path) -> None:
    words, longest = COMMANDS[name]
    chance = random.Random(f"{SEED} {name}")
    places = {"case": CASE, "new": tmp_path / "w", "warehouse": warehouse, "scratch": tmp_path}
    arguments = ["-m", "pipeline", *words.format(**places).split()]
    for number in range(INTERRUPTS):
        process = _start(arguments)
        _wait_until_handled(process)
        time.sleep(chance.uniform(0, longest))
        _, told, seconds = _end(process, SIGNALS[number % len(SIGNALS)])
        assert "Traceback" not in told
        assert seconds < LIMIT
        if process.returncode:  # else it had ended before
            assert process.returncode == 130, told
            assert told.endswith(f"{SENTENCE}\n") or told == ""
            assert told.count("Error") <= 1
    left = [path.name for path in tmp_path.iterdir() if path.name.startswith(".export-")]
    assert left == []
    if name in {"run", "daily"}:
        assert not Warehouse(tmp_path / "w").last_failure.exists()
        short(*words.format(**places).split())
        pipeline("verify", "--all", "--warehouse", tmp_path / "w")


def test_a_question(warehouse: Path) -> None:
    process = _start(["-m", "pipeline", "sql", "--warehouse", str(warehouse), SLOW_QUERY])
    time.sleep(4)
    _, told, seconds = _end(process, signal.SIGTERM)
    assert (process.returncode, told) == (130, f"{SENTENCE}\n")
    assert seconds < LIMIT


def test_a_large_compressed_file(tmp_path: Path) -> None:
    """It takes minutes to read, in threads, and is not refused because reading it was stopped."""
    landing, root = tmp_path / "landing", tmp_path / "w"
    path = landing / "registration" / "registration_full_20261101.csv.gz"
    path.parent.mkdir(parents=True)
    chance = random.Random(SEED)
    rows = "".join(
        f"{chance.randrange(10**12, 10**13)},SUPP,{chance.random()}\n" for _ in range(100_000)
    )
    block = gzip.compress(rows.encode(), 1)  # members that follow one another are one file
    with path.open("wb") as file:
        file.write(gzip.compress(b"mpan,supplier_mpid,note\n"))
        for _ in range(400):
            file.write(block)
    load = ["-m", "pipeline", "load", "--landing", str(landing), "--warehouse", str(root)]
    for number in (signal.SIGTERM, signal.SIGINT):
        process = _start(load)
        time.sleep(6)
        _, told, seconds = _end(process, number)
        assert (process.returncode, told) == (130, f"{SENTENCE}\n")
        assert seconds < LIMIT
    log = root / "history" / "load_log.jsonl"
    assert not log.exists() or log.read_text() == ""


def test_the_dashboard_ends_quietly(warehouse: Path, tmp_path: Path) -> None:
    port = free_port()
    words = f"-m pipeline dashboard --headless --port {port} --warehouse {warehouse}"
    process = _start(words.split())
    for _ in range(240):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).close()
            break
        except OSError:
            assert process.poll() is None
            time.sleep(0.25)
    said, told, seconds = _end(process, signal.SIGINT)
    assert (process.returncode, told) == (130, "")
    assert said.splitlines()[1:] == []
    assert seconds < LIMIT
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
