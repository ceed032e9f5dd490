"""Short builds: the command line in this process, its builds without some or all of the gate.

A process imports and parses once what every run of `tests.command.pipeline` imports and parses
again, and the gate is two thirds of a small build. Without any of it: for tests of what becomes of
publications. With its data tests: for tests of what is in them; unit tests, a third of the gate,
say nothing of data, and other tests run them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner, Result

import pipeline.build
import pipeline.increment
from pipeline.cli import main

PROJECT = Path(__file__).resolve().parent.parent


@contextmanager
def no_gate() -> Iterator[None]:
    """Let builds run models alone."""
    run_dbt = pipeline.build.run_dbt
    models = ("--resource-type", "seed", "--resource-type", "model")
    pipeline.build.run_dbt = lambda w, words, *rest: run_dbt(w, [*words, *models], *rest)
    try:
        yield
    finally:
        pipeline.build.run_dbt = run_dbt


@contextmanager
def unit_tests_held() -> Iterator[None]:
    """Let builds take the unit tests of this code as held, as if an earlier one had run them."""
    proven = pipeline.increment.proven
    pipeline.increment.proven = lambda _: {pipeline.build.project_fingerprint()}
    try:
        yield
    finally:
        pipeline.increment.proven = proven


def short(*arguments: str | Path, expect: int = 0, data_tests: bool = False) -> Result:
    """Run a command and require an exit code."""
    handler = signal.getsignal(signal.SIGTERM)
    with unit_tests_held() if data_tests else no_gate():
        done = CliRunner().invoke(main, [str(each) for each in arguments])
    signal.signal(signal.SIGTERM, handler)
    assert done.exit_code == expect, (
        f"exit code {done.exit_code}, not {expect}\n{done.output}\n{done.exception!r}"
    )
    return done


class Nursery:
    """A process that has everything imported and parsed, and forks to run a command.

    So a run that is to be killed spends its time on files, not on imports.
    """

    def __init__(self, scratch: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.short", scratch],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str | Path, kill_after: float | None = None) -> tuple[int, float]:
        """Run a command, or kill it after so many seconds: exit code (-9 if killed), seconds."""
        assert self.process.stdin
        assert self.process.stdout
        words = [str(-1 if kill_after is None else kill_after), *map(str, arguments)]
        self.process.stdin.write("\t".join(words) + "\n")
        self.process.stdin.flush()
        code, seconds = self.process.stdout.readline().split()
        return int(code), float(seconds)

    def close(self) -> None:
        self.process.communicate()


def _fork(kill_after: float, arguments: list[str]) -> tuple[int, float]:
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        os.setsid()
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        try:
            main(arguments)
        except SystemExit as ended:
            os._exit(int(ended.code or 0))
        finally:
            os._exit(70)
    if kill_after >= 0:
        time.sleep(kill_after)
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), time.monotonic() - started


def _serve(scratch: Path) -> None:
    pipeline.build.parsed(scratch, scratch)
    with no_gate():
        for line in sys.stdin:
            kill_after, *arguments = line.rstrip("\n").split("\t")
            code, seconds = _fork(float(kill_after), arguments)
            print(code, f"{seconds:.2f}", flush=True)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
