"""The load log: one JSON line per file taken or refused. Its append is the commit of a file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path, PurePosixPath

from pydantic import TypeAdapter

from pipeline.errors import PipelineError
from pipeline.json_files import reason

LOG_PATH = Path("history/load_log.jsonl")


class BrokenLog(PipelineError):
    """A line of the log, other than a torn last one, cannot be read."""


@dataclass(frozen=True)
class Entry:
    """What became of one content of one file, judged by itself.

    `error` is a fault of the file itself. That a full is shrunk, or that a delta is superseded,
    depends on other files and is derived, as is that an accepted file is of a day too far ahead:
    see `outcomes`. `withdrawn`: the operator took it back.
    """

    file: str
    extract: str
    sha256: str
    kind: str | None = None
    business_date: date | None = None
    sequence: int | None = None
    error: str | None = None
    detail: str = ""
    lines: int = 0
    accepted: int = 0
    quarantined: int = 0
    repeated: int = 0
    noted: int = 0
    unknown_columns: str = ""
    ignored: tuple[tuple[str, str, int], ...] = ()  # messages not used: interface, event, how many
    extracted_at: str | None = None
    allow_shrunk: bool = False
    allow_future_dates: bool = False
    withdrawn: bool = False
    rows: str | None = None  # from here on: places in the warehouse, see `staging.Places`
    excluded: str | None = None
    quarantine: str | None = None
    noted_values: str | None = None
    stamp: tuple[int, ...] = ()

    @property
    def places(self) -> list[str]:
        """Its files in the lake."""
        places = (self.rows, self.excluded, self.quarantine, self.noted_values)
        return [place for place in places if place is not None]

    @property
    def ignored_messages(self) -> int:
        return sum(times for *_, times in self.ignored)

    @property
    def identity(self) -> tuple[str, str]:
        return (self.file, self.sha256)


class LoadLog:
    """The log of one warehouse, read once and appended to."""

    def __init__(self, warehouse: Path) -> None:
        self.path = warehouse / LOG_PATH
        self._entries: dict[tuple[str, str], Entry] = {}
        self._lost: set[tuple[str, str]] = set()
        content = self.path.read_bytes() if self.path.exists() else b""
        # What follows the last newline is a line whose writer was killed: it never counted.
        self._whole = content.rfind(b"\n") + 1
        for number, line in enumerate(content[: self._whole].splitlines(), start=1):
            try:
                self._take(_entry(line))
            except ValueError as error:
                raise BrokenLog(
                    f"Line {number} of {self.path} cannot be read ({reason(error)}). "
                    "Restore the file from a backup; the warehouse is rebuilt from it."
                ) from None

    @property
    def entries(self) -> list[Entry]:
        """The last entry of each name and content, in order of arrival."""
        return list(self._entries.values())

    def find(self, file: str, sha256: str) -> Entry | None:
        return None if (file, sha256) in self._lost else self._entries.get((file, sha256))

    def by_stamp(self, file: str, stamp: tuple[int, ...]) -> Entry | None:
        """The entry of exactly this stored file, if its stamp tells (see `stored.stamp`)."""
        if not stamp:
            return None
        return next(
            (
                e
                for e in self.entries
                if e.file == file and e.stamp == stamp and e.identity not in self._lost
            ),
            None,
        )

    def lose(self, warehouse: Path) -> None:
        """From here on, find no entry whose rows are gone from the lake: its file is taken anew."""
        self._lost = {
            entry.identity
            for entry in self.entries
            if not entry.withdrawn
            and not all((warehouse / place).exists() for place in entry.places)
        }

    def append(self, entry: Entry) -> None:
        """Write an entry so that it outlives a crash from here on."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = _line(entry)
        with self.path.open("ab") as stream:
            stream.truncate(self._whole)
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
        sync_folder(self.path.parent)
        self._whole += len(line)
        self._lost.discard(entry.identity)
        self._take(entry)

    def _take(self, entry: Entry) -> None:
        known = self._entries.get(entry.identity)
        if known is not None and known.error is not None and entry.error is None:
            del self._entries[entry.identity]  # it arrives now; while refused it had not
        self._entries[entry.identity] = entry


def write_log(warehouse: Path, entries: Iterable[Entry]) -> None:
    """Write the log of a warehouse that can be made again: it need not outlive a crash."""
    path = warehouse / LOG_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(map(_line, entries)))


def sync_folder(folder: Path) -> None:
    """Make names in a folder outlive a crash."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _line(entry: Entry) -> bytes:
    record = asdict(entry) | {
        "business_date": entry.business_date and entry.business_date.isoformat()
    }
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


_ENTRY = TypeAdapter(Entry)


def _entry(line: bytes) -> Entry:
    """A line of the log. Raises ValueError."""
    entry = _ENTRY.validate_json(line, strict=True)
    if entry.error is None and None in (
        *(entry.kind, entry.business_date, entry.sequence, entry.rows),
    ):
        raise ValueError("it says neither what the file holds nor why it was refused")
    if any(not _is_in_lake(place) for place in entry.places):
        raise ValueError("it names a file outside the lake")
    return entry


def _is_in_lake(place: str) -> bool:
    parts = PurePosixPath(place).parts
    return "\0" not in place and parts[:1] == ("lake",) and ".." not in parts
