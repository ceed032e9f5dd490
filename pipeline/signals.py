"""Ending on SIGINT, SIGTERM and SIGHUP: within five seconds, with 130, whatever is being done.

The first signal interrupts the main thread, so that scratch folders go and workers are stopped. A
thread that the kernel wakes through a pipe watches: after four seconds, or at a second signal, it
kills the children and ends the process at once, even while the main thread is inside DuckDB. That
is no worse than SIGKILL, from which the next run recovers.
"""

from __future__ import annotations

import atexit
import io
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, TextIO

INTERRUPTED = 130
BROKEN_PIPE = 141
GRACE_SECONDS = 4.0
SENTENCE = "Error: Interrupted. Run the command again: it removes unfinished work and continues."

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# `timeout` and `docker stop` may send one signal to the process and again to its group.
_SAME_SECONDS = 0.3
_SHOW_CURSOR = "\x1b[?25h"

_ending = threading.Lock()


class _State:
    """Plain attributes: a lock taken in a signal handler can wait for itself."""

    has_arrived = False
    may_interrupt = True
    is_quiet = False


def has_arrived() -> bool:
    """Whether a signal has arrived that ends the process."""
    return _State.has_arrived


def check() -> None:
    """Raise KeyboardInterrupt if a signal has arrived, in any thread.

    For long loops, and before anything is recorded: libraries turn an interrupt into an error of
    their own, which must not be blamed on a file or a test.
    """
    if _State.has_arrived:
        raise KeyboardInterrupt


def be_quiet() -> None:
    """Say nothing when a signal ends this process: that is how a server is stopped."""
    _State.is_quiet = True


def guard(command: Callable[[], Any]) -> NoReturn:
    """Run a command as this process, and end it with its exit code, or as the module says."""
    _open_standard_streams()
    code: Any = 0
    try:
        try:
            _install()
            command()
        finally:
            _State.may_interrupt = False
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        if not _State.has_arrived:
            raise
    if _State.has_arrived:
        _end()
    try:
        for stream in _streams():
            stream.flush()
    except BrokenPipeError:
        code = BROKEN_PIPE
    except OSError:  # the disk that standard output goes to is full
        os._exit(3)
    if code == BROKEN_PIPE:
        os._exit(code)  # the interpreter would try to write what is left
    sys.exit(code)


def reader_is_gone() -> bool:
    """Whether what reads standard output or standard error has closed it."""
    poll = select.poll()
    poll.register(1, 0)
    poll.register(2, 0)
    return any(events & select.POLLERR for _, events in poll.poll(0))


def serve(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a server as a child until it ends; a signal ends it and its workers.

    A session of its own keeps the terminal's Ctrl+C from it, so that it is told once, by us.
    """
    with subprocess.Popen(arguments, env=environment, start_new_session=True) as server:
        try:
            return server.wait()
        except KeyboardInterrupt:
            workers = _workers()
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(GRACE_SECONDS - 1)
            _kill(workers)
            raise


def _install() -> None:
    receiver, sender = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(sender, False)
    signal.set_wakeup_fd(sender, warn_on_full_buffer=False)
    for each in _SIGNALS:
        if signal.getsignal(each) is not signal.SIG_IGN:  # as under nohup
            signal.signal(each, _interrupt)
    threading.Thread(target=_watch, args=(receiver,), daemon=True).start()
    atexit.register(_ignore)  # what is registered first is called last
    sys.unraisablehook = _unless_interrupted(sys.unraisablehook)
    threading.excepthook = _unless_interrupted(threading.excepthook)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt in the main thread, once: nothing interrupts the cleaning up."""
    _State.has_arrived = True
    if _State.may_interrupt:
        _State.may_interrupt = False
        raise KeyboardInterrupt


def _ignore() -> None:
    """The command has ended. From here a signal would kill the interpreter during its shutdown."""
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    if _State.has_arrived:
        _end()


def _watch(receiver: int) -> None:
    while not set(os.read(receiver, 64)) & set(_SIGNALS):
        pass  # SIGCHLD or another that a library handles
    _State.has_arrived = True
    first = time.monotonic()
    while (left := first + GRACE_SECONDS - time.monotonic()) > 0:
        if not select.select([receiver], [], [], left)[0]:
            break
        again = set(os.read(receiver, 64)) & set(_SIGNALS)
        if again and time.monotonic() - first > _SAME_SECONDS:
            break
    _end()


def _end() -> NoReturn:
    """Say it once, and end without waiting for threads."""
    _ending.acquire()  # never released: another thread that comes here waits for the end
    _kill(_workers())
    words = _SHOW_CURSOR if os.isatty(2) else ""
    words += "" if _State.is_quiet else f"{SENTENCE}\n"
    with suppress(OSError):
        poll = select.poll()
        poll.register(2, select.POLLOUT)
        if poll.poll(200):  # a terminal may be stopped, a pipe full
            os.write(2, words.encode())
    os._exit(INTERRUPTED)


def _unless_interrupted(hook: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """No tracebacks of threads and finalizers that the interrupt met."""

    def say(arguments: Any) -> None:
        if not _State.has_arrived:
            hook(arguments)

    return say


def _kill(processes: Sequence[int]) -> None:
    for each in processes:
        with suppress(OSError):
            os.kill(each, signal.SIGKILL)


def _workers() -> list[int]:
    """Descendants that run this interpreter: not a browser that the dashboard has opened."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            pid, _, rest = path.read_text(errors="replace").partition(" ")
            children.setdefault(int(rest.rpartition(")")[2].split()[1]), []).append(int(pid))
    found, waiting = [], [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        waiting += below
        found += [pid for pid in below if _program(pid) == _program(os.getpid())]
    return found


def _program(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/exe").readlink())
    except OSError:
        return ""


def _streams() -> list[TextIO]:
    return [stream for stream in (sys.stdout, sys.stderr) if stream is not None]


def _open_standard_streams() -> None:
    """A closed one would be the number of the next file opened, a database perhaps."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for stream in _streams():
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
