"""How a worker process of the server begins."""

from __future__ import annotations

import signal
import sys
from types import FrameType

from pipeline.modes import keep_private


def begin() -> None:
    """Keep files private, and clean up on SIGTERM, with which the server stops a worker."""
    keep_private()
    signal.signal(signal.SIGTERM, _end)


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signal.SIGTERM)
