"""A log that callers cannot fill: what repeats itself is written now and then, with its number."""

from __future__ import annotations

import logging
import time

PER_MINUTE = 5


class CalmLogger(logging.Logger):
    """Writes one kind of message (its template, its exception) five times a minute at most."""

    def __init__(self, name: str, level: int = logging.NOTSET) -> None:
        super().__init__(name, level)
        self._seen: dict[tuple[str, str], list[float]] = {}

    def handle(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        key = (str(record.msg)[:80], kind.__name__ if kind else "")
        now = time.monotonic()
        if len(self._seen) > 1000:
            self._seen.clear()
        began, written, passed_over = self._seen.get(key, (now, 0, 0))
        if now - began >= 60:
            if passed_over:
                record.msg = f"{record.msg} (and {passed_over:.0f} more like this)"
            began, written, passed_over = now, 0, 0
        if written < PER_MINUTE:
            self._seen[key] = [began, written + 1, passed_over]
            super().handle(record)
        else:
            self._seen[key] = [began, written, passed_over + 1]


def install() -> None:
    """For every logger that is made from now on; those of libraries are made on import."""
    logging.setLoggerClass(CalmLogger)
    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING
    )
