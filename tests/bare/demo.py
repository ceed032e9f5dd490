"""Runs `make demo` as a person does: until the dashboard is healthy, then Ctrl+C.

With the Python of the machine: nothing of this project is installed when it starts.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

PATIENCE_SECONDS = 1800


def healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def main() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a background shell ignores it, and so would make
    started = time.monotonic()
    errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
    make = subprocess.Popen(["make", "demo", f"PORT={port}"], stderr=errors, start_new_session=True)
    try:
        while not healthy(port):
            if make.poll() is not None:
                errors.seek(0)
                sys.exit(f"make demo ended with {make.returncode}: {errors.read()}")
            if time.monotonic() - started > PATIENCE_SECONDS:
                sys.exit(f"The dashboard is not healthy after {PATIENCE_SECONDS} seconds.")
            time.sleep(0.5)
        print(f"The dashboard is healthy after {time.monotonic() - started:.0f} seconds.")
        before = errors.seek(0, os.SEEK_END)
    finally:
        if make.poll() is None:
            os.killpg(make.pid, signal.SIGINT)
            make.wait(timeout=30)
    errors.seek(before)
    said = errors.read()
    if make.returncode != -signal.SIGINT or said:
        sys.exit(f"After Ctrl+C make ended with {make.returncode}, and said: {said}")
    print("Ctrl+C ends it quietly.")


if __name__ == "__main__":
    main()
