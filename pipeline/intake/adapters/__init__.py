"""Adapters: files of the industry's own formats, read as rows of the extracts.

Each turns a file into records under a header of one contract; checks, quarantine, accounting and
lake are those of every other file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.contracts import PARTICIPANT, Extract
from pipeline.intake.adapters.dip import DIP_EVENT, open_dip
from pipeline.intake.adapters.isd import open_isd
from pipeline.intake.adapters.opened import Adapted


@dataclass(frozen=True)
class Feed:
    """A folder of an industry format.

    `extract` is the contract that its rows are checked against, `targets` the extracts whose state
    they change.
    """

    name: str
    stem: str
    kind: str
    formats: tuple[str, ...]
    extract: Extract
    targets: tuple[str, ...]
    open: Callable[[Path, str, Path], Adapted]


FEEDS: dict[str, Feed] = {
    feed.name: feed
    for feed in (
        Feed("isd", "isd_m16", "full", ("json", "csv"), PARTICIPANT, ("participant",), open_isd),
        Feed(
            "dip",
            "dip_events",
            "delta",
            ("jsonl", "json"),
            DIP_EVENT,
            ("registration", "migration", "appointment"),
            open_dip,
        ),
    )
}
