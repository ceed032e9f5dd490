"""Notices to people, by whatever Apprise can reach: e-mail, webhooks, chat. Off by default."""

from __future__ import annotations

import os
from collections.abc import Sequence

from pipeline.errors import PipelineError

ENVIRONMENT = "MHHS_NOTIFY"


class NoticeNotSent(PipelineError):
    """What was to be said could not be delivered; the work that it is about is done."""


def addresses(named: Sequence[str]) -> list[str]:
    """The Apprise URLs named, else those in the environment, separated by spaces."""
    return list(named) or os.environ.get(ENVIRONMENT, "").split()


def send(title: str, body: str, urls: Sequence[str]) -> None:
    """Send to every address; none is no error."""
    if not urls:
        return
    import apprise

    bell = apprise.Apprise()
    for url in urls:
        if not bell.add(url):
            # Not the address itself: it may hold a password.
            raise NoticeNotSent(f"Address {urls.index(url) + 1} for notices is no Apprise URL.")
    if not bell.notify(title=title, body=body):
        raise NoticeNotSent(
            "A notice could not be delivered to every address; nothing else failed."
        )
