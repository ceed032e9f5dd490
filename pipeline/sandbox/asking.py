"""Asking: start a worker, take its answer within the limits, and leave nothing of it behind."""

from __future__ import annotations

import io
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Literal

import pyarrow as pa
import pyarrow.ipc

from pipeline.layout import PROJECT
from pipeline.sandbox.terms import BadQuestion, Limits, Question

Cut = Literal["", "rows", "size"]

_PROGRAM = (
    f"import sys; sys.path.insert(0, {str(PROJECT)!r}); "
    "from pipeline.sandbox.worker import main; main()"
)
_TICK_SECONDS = 0.2
_CHUNK = 1 << 16
# Beyond the bytes of the rows: schema, alignment, dictionaries, the two lines.
_OVERHEAD = 4_000_000


@dataclass(frozen=True)
class Answer:
    """The rows, and which limit cut them, if one did."""

    columns: list[str]
    types: list[str]
    table: pa.Table
    cut: Cut
    seconds: float


def ask(
    question: Question, limits: Limits, on_wait: Callable[[float], None] | None = None
) -> Answer:
    """The answer to a question. Raises BadQuestion; the worker is gone in either case.

    `on_wait` is told a few times a second how long it takes; what it raises stops the worker.
    """
    started = time.monotonic()
    with _worker(question, limits) as worker:
        content = _read(worker, limits, started, on_wait)
        worker.wait()
    return _answer(content, worker.returncode, limits, time.monotonic() - started)


@dataclass
class Stream:
    """An answer of any length, batch by batch."""

    columns: list[str]
    types: list[str]
    reader: pa.RecordBatchReader


@contextmanager
def stream(question: Question, limits: Limits) -> Iterator[Stream]:
    """Open an answer. On leaving, BadQuestion if it did not come to its end.

    Read `reader` to its end inside the block.
    """
    with _worker(question, limits) as worker:
        clock = threading.Timer(limits.seconds, worker.kill)
        clock.daemon = True
        clock.start()
        started = time.monotonic()
        try:
            output = worker.stdout
            assert output is not None
            header = _line(output.readline(), worker, limits, started)
            try:
                yield Stream(header["columns"], header["types"], pa.ipc.open_stream(output))
            except (pa.ArrowInvalid, OSError) as error:
                worker.wait()
                raise _ended_early(worker.returncode, limits, started) from error
            end = _line(output.readline(), worker, limits, started)
            if end["cut"]:
                raise BadQuestion(_too_long(limits), "limit")
        finally:
            clock.cancel()


def _too_long(limits: Limits) -> str:
    what = f"{limits.rows:,} rows" if limits.rows is not None else f"{limits.size or 0:,} bytes"
    return f"The answer is longer than {what}: ask for fewer rows or columns."


def _line(line: bytes, worker: subprocess.Popen[bytes], limits: Limits, started: float) -> Any:
    if not line.endswith(b"\n"):
        worker.wait()
        raise _ended_early(worker.returncode, limits, started)
    document = json.loads(line)
    if "error" in document:
        raise BadQuestion(document["error"], document["kind"])
    return document


@contextmanager
def _worker(question: Question, limits: Limits) -> Iterator[subprocess.Popen[bytes]]:
    worker = subprocess.Popen(
        [sys.executable, "-I", "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": os.defpath},
        start_new_session=True,
    )
    try:
        assert worker.stdin is not None
        worker.stdin.write(json.dumps(question.request(limits)).encode())
        worker.stdin.close()
        yield worker
    finally:
        worker.kill()
        if worker.stdout:
            worker.stdout.close()
        worker.wait()


def _read(
    worker: subprocess.Popen[bytes],
    limits: Limits,
    started: float,
    on_wait: Callable[[float], None] | None,
) -> bytes:
    """All that the worker says; it is killed by the caller when the time is up."""
    assert worker.stdout is not None
    content = bytearray()
    told = started
    with selectors.DefaultSelector() as selector:
        selector.register(worker.stdout, selectors.EVENT_READ)
        while True:
            now = time.monotonic()
            if now - started >= limits.seconds:
                raise BadQuestion(_out_of_time(limits), "limit")
            if on_wait and now - told >= _TICK_SECONDS:
                told = now
                on_wait(now - started)
            if not selector.select(min(_TICK_SECONDS, started + limits.seconds - now)):
                continue
            chunk = os.read(worker.stdout.fileno(), _CHUNK)
            if not chunk:
                return bytes(content)
            content += chunk
            if limits.size is not None and len(content) > limits.size + _OVERHEAD:
                raise BadQuestion(_too_long(limits), "limit")


def _answer(content: bytes, returncode: int, limits: Limits, seconds: float) -> Answer:
    source = io.BytesIO(content)
    header = _read_line(source, returncode, limits)
    table = pa.ipc.open_stream(source).read_all()
    end = _read_line(source, returncode, limits)
    return Answer(header["columns"], header["types"], table, end["cut"], seconds)


def _read_line(source: IO[bytes], returncode: int, limits: Limits) -> Any:
    line = source.readline()
    if not line.endswith(b"\n"):
        raise BadQuestion(_without_a_word(returncode, limits), "limit")
    document = json.loads(line)
    if "error" in document:
        raise BadQuestion(document["error"], document["kind"])
    return document


def _ended_early(returncode: int, limits: Limits, started: float) -> BadQuestion:
    if time.monotonic() - started >= limits.seconds:
        return BadQuestion(_out_of_time(limits), "limit")
    return BadQuestion(_without_a_word(returncode, limits), "limit")


def _out_of_time(limits: Limits) -> str:
    return (
        f"The question was stopped after {limits.seconds:g} seconds. "
        "Narrow it with WHERE, or aggregate before joining."
    )


def _without_a_word(returncode: int, limits: Limits) -> str:
    return (
        f"The question was stopped (code {returncode}): it needed more than "
        f"{limits.memory_mb:,} MB of memory or more of the processor than it may have."
    )
