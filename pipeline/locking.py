"""One writer at a time: the lock of a warehouse folder."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.layout import Warehouse
from pipeline.modes import FILE
from pipeline.tidying import tidy

LOCK_NAME = ".lock"
_POLL_SECONDS = 0.1


class WarehouseLocked(PipelineError):
    """Another run holds the warehouse; the message says which."""

    exit_code = 5


@contextmanager
def warehouse_lock(warehouse: Path, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the warehouse for this process, or raise `WarehouseLocked` after `wait_seconds`.

    The lock is the kernel's (flock) and so ends with the process, however it ends. What the file
    holds is only for people: who has it. The file itself stays: to remove it would let two
    processes lock two different files under one name.
    """
    _refuse_folder(warehouse)
    warehouse.mkdir(parents=True, exist_ok=True)
    path = warehouse / LOCK_NAME
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE)
    try:
        _acquire(descriptor, path, wait_seconds)
        _write_holder(descriptor)
        try:
            tidy(Warehouse(warehouse))
            yield
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _refuse_folder(warehouse: Path) -> None:
    """DuckDB takes `?` in the path of a database for the end of it, and looks for its log there."""
    if "?" in str(warehouse.absolute()):
        raise PipelineError(
            f"The warehouse folder {warehouse.absolute()} has a question mark in its path, and "
            "DuckDB cannot write a database there: choose another folder. Nothing was written."
        )


def _acquire(descriptor: int, path: Path, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise WarehouseLocked(_describe(path)) from None
            time.sleep(_POLL_SECONDS)


def _write_holder(descriptor: int) -> None:
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": shlex.join(sys.argv),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(holder).encode() + b"\n", 0)


def _describe(path: Path) -> str:
    try:
        holder = json.loads(path.read_text())
        who = "process {pid} on {host} since {since}: {command}".format(**holder)
    except (OSError, ValueError, KeyError, TypeError):
        who = "another process"  # it may be just about to write its name
    return f"The warehouse {path.parent} is in use by {who}. Wait for it to end and run again."
