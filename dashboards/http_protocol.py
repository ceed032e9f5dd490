"""HTTP as uvicorn reads it, with the limits that uvicorn does not have.

A connection has `REQUEST_SECONDS` to send a whole request. Beyond the number of connections a
caller gets 503 and words at once, instead of descriptors being used up.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from dashboards.limits import REQUEST_SECONDS, connections

_MOST = connections()
# Those that are turned away are read for a moment, or they would not see their answer.
_TURNED_AWAY_SECONDS = 1.0
_MOST_TURNED_AWAY = 100

_BUSY = "The server has as many connections as it can serve. Try again in half a minute."
_TOO_SLOW = f"The request was not complete within {REQUEST_SECONDS} seconds."


def _raw(status: str, words: str, *headers: str) -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        "content-type: text/plain; charset=utf-8",
        f"content-length: {len(words)}",
        "connection: close",
        *headers,
    ]
    return "\r\n".join([*lines, "", words]).encode("ascii")


class LimitedProtocol(H11Protocol):
    """One connection."""

    _turned_away = 0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._deadline: asyncio.TimerHandle | None = None
        self._is_turned_away = False
        allowed = self.config.forwarded_allow_ips
        self._proxies = allowed.split(",") if isinstance(allowed, str) else allowed

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._is_one_too_many():
            self._turn_away()
        else:
            self._watch()

    def data_received(self, data: bytes) -> None:
        if not self._is_turned_away:
            super().data_received(data)
            self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.trailing_data[0]:  # the next request has begun: no longer between requests
            self._unset_keepalive_if_required()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline:
            self._deadline.cancel()
        if self._is_turned_away:
            LimitedProtocol._turned_away -= 1
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Let the time run while a request is incomplete. Between requests uvicorn's own runs."""
        is_waiting = (
            self.conn.their_state in (h11.IDLE, h11.SEND_BODY)
            and self.timeout_keep_alive_task is None
            and not self.transport.is_closing()
        )
        if is_waiting and self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_SECONDS, self._end_slow_request)
        elif not is_waiting and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end_slow_request(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(_raw("408 Request Timeout", _TOO_SLOW))
        self.transport.close()

    def _is_one_too_many(self) -> bool:
        if len(self.connections) > _MOST:
            return True
        address = self.client[0] if self.client else ""
        if address in self._proxies or "*" in self._proxies:
            return False
        clients = [getattr(each, "client", None) for each in self.connections]
        return sum(1 for client in clients if client and client[0] == address) > _MOST // 2

    def _turn_away(self) -> None:
        self.connections.discard(self)
        self._is_turned_away = True
        LimitedProtocol._turned_away += 1
        if LimitedProtocol._turned_away > _MOST_TURNED_AWAY:
            self.transport.abort()
            return
        self.transport.write(_raw("503 Service Unavailable", _BUSY, "retry-after: 30"))
        self.transport.write_eof()
        self._deadline = self.loop.call_later(_TURNED_AWAY_SECONDS, self.transport.abort)
