"""How a worker process of the server begins."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType

from pipeline.modes import keep_private

_CHECK_SECONDS = 1.0


def begin() -> None:
    """Keep files private, and clean up when the server stops the worker or is gone itself."""
    keep_private()
    signal.signal(signal.SIGTERM, _end)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signal.SIGTERM)


def _end_with(server: int) -> None:
    # Not PR_SET_PDEATHSIG: it fires when the thread that started the worker ends.
    while os.getppid() == server:
        time.sleep(_CHECK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
