"""The landing folder: which files are there, and what their names say."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipeline.contracts import EXTRACTS

MANIFEST_SUFFIX = ".manifest.json"
# Folders of industry formats: adapters turn their files into extracts.
ADAPTED_FOLDERS = frozenset({"isd", "dip"})

_NAME = re.compile(
    r"(?P<extract>[a-z]+)_(?P<kind>full|delta)_(?P<day>[0-9]{8})(?:_(?P<sequence>[0-9]{2}))?"
    r"\.(?P<ext>csv|csv\.gz|csv\.zst|parquet)"
)


@dataclass(frozen=True)
class Name:
    """What a file name says."""

    kind: str
    business_date: date
    sequence: int
    ext: str

    @property
    def slot(self) -> tuple[str, date, int]:
        """What may occur once in an extract."""
        return (self.kind, self.business_date, self.sequence)


@dataclass(frozen=True)
class LandingFile:
    """One file that counts."""

    path: Path
    extract: str

    @property
    def file(self) -> str:
        """`<extract>/<file name>`, printable whatever bytes the name holds."""
        name = os.fsencode(self.path.name).decode("utf-8", "backslashreplace")
        return f"{self.extract}/{name}"

    @property
    def manifest_path(self) -> Path:
        return self.path.with_name(self.path.name + MANIFEST_SUFFIX)


@dataclass(frozen=True)
class Landing:
    """The files that count, in the order in which one run takes them, and what lies astray."""

    files: tuple[LandingFile, ...]
    strays: tuple[str, ...]


def parse_name(extract: str, file_name: str) -> Name | None:
    """What the name says, or None if it is not a name of this extract."""
    match = _NAME.fullmatch(file_name)
    if match is None or match["extract"] != extract:
        return None
    day = match["day"]
    try:
        business_date = date(int(day[:4]), int(day[4:6]), int(day[6:]))
    except ValueError:
        return None
    return Name(match["kind"], business_date, int(match["sequence"] or 0), match["ext"])


def walk(landing: Path) -> Landing:
    """List a landing folder."""
    files: list[LandingFile] = []
    strays: list[str] = []
    for entry in sorted(landing.iterdir()):
        if entry.name.startswith(".") or entry.name in ADAPTED_FOLDERS:
            continue
        if entry.name not in EXTRACTS or not entry.is_dir():
            strays.append(os.fsencode(entry.name).decode("utf-8", "backslashreplace"))
    for extract in EXTRACTS:
        folder = landing / extract
        if folder.is_dir():
            files += [
                LandingFile(path, extract)
                for path in sorted(folder.iterdir())
                if not path.name.startswith(".")
                and not path.name.endswith(MANIFEST_SUFFIX)
                and path.is_file()
            ]
    return Landing(tuple(files), tuple(strays))
