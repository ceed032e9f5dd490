"""How many connections, sockets and bytes the server takes, how long it waits, what is too old."""

from __future__ import annotations

import os
import resource
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from dashboards.access import AccessRefused

# The head of a request, and what announces itself as a body, must be here by then.
REQUEST_SECONDS = 15
# A message of a page to the server: the state of its widgets and the text of a query.
SOCKET_MESSAGE_BYTES = 2 * 1024 * 1024
# Accepted at once; asyncio reports each connection that it cannot accept on a line of its own.
BACKLOG = 128

MAX_AGE_VARIABLE = "MHHS_MAX_AGE_DAYS"
_MAX_AGE_DAYS = 3

_WANTED_DESCRIPTORS = 8192
# A page that runs holds about four descriptors, and keeps them for two minutes afterwards.
_DESCRIPTORS_PER_SOCKET = 10
_MOST_CONNECTIONS = 2000
_MOST_SOCKETS = 500
_MOST_ANONYMOUS_PER_ADDRESS = 20

TOO_MANY = (
    "Too many pages are open at the moment, so this one cannot be opened. Close pages that you do "
    "not need, wait half a minute and reload this one."
)


def descriptors() -> int:
    """The limit of open files, raised as far as this process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else hard
    wanted = min(max(soft, _WANTED_DESCRIPTORS), most)
    if soft != resource.RLIM_INFINITY and wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return _WANTED_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft


def connections() -> int:
    """How many connections there may be, those of sockets included."""
    return min(_MOST_CONNECTIONS, descriptors() // 2)


class Places:
    """The sockets that are open, so that no caller takes all of them.

    Half of them are kept for readers who are signed in.
    """

    def __init__(self, sockets: int | None = None) -> None:
        self.most = sockets or min(_MOST_SOCKETS, descriptors() // _DESCRIPTORS_PER_SOCKET)
        self._taken = 0
        self._anonymous: Counter[str] = Counter()

    def is_free(self, anonymous: str | None) -> bool:
        """Whether one more may open; `anonymous` is the address of a caller without a name."""
        if self._taken >= self.most:
            return False
        return anonymous is None or (
            self._anonymous.total() < self.most // 2
            and self._anonymous[anonymous] < _MOST_ANONYMOUS_PER_ADDRESS
        )

    @contextmanager
    def taken(self, anonymous: str | None) -> Iterator[None]:
        """Hold a place for as long as a socket is open."""
        self._taken += 1
        if anonymous is not None:
            self._anonymous[anonymous] += 1
        try:
            yield
        finally:
            self._taken -= 1
            if anonymous is not None:
                self._anonymous[anonymous] -= 1
                self._anonymous += Counter()  # forgets addresses without any


def max_age_days(environment: Mapping[str, str] = os.environ) -> int:
    """After how many days a publication is too old. Raises AccessRefused for what is no number."""
    text = environment.get(MAX_AGE_VARIABLE, str(_MAX_AGE_DAYS))
    if not text.isascii() or not text.isdigit():
        raise AccessRefused(
            f"{MAX_AGE_VARIABLE}={text!r} is not a whole number of days: write 3, or unset it."
        )
    return int(text)
