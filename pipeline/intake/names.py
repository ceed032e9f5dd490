"""The landing folder: which files are there, and what their names say."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipeline.contracts import EXTRACTS
from pipeline.intake.adapters import FEEDS
from pipeline.intake.opening import Gone, NotAFile, plain_file
from pipeline.intake.stored import stamp

MANIFEST_SUFFIX = ".manifest.json"
_PACKED = r"(?:\.gz|\.zst)?"
_DAY = r"_(?P<day>[0-9]{8})(?:_(?P<sequence>[0-9]{2}))?"
_NAMES = {
    name: re.compile(rf"{name}_(?P<kind>full|delta){_DAY}\.(?P<ext>csv{_PACKED}|parquet)")
    for name in EXTRACTS
} | {
    feed.name: re.compile(
        rf"{feed.stem}_(?P<kind>{feed.kind}){_DAY}\.(?P<ext>(?:{'|'.join(feed.formats)}){_PACKED})"
    )
    for feed in FEEDS.values()
}


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
    """One name that counts, whatever is there; `within` is the folder that it must not leave."""

    path: Path
    extract: str
    within: Path | None = None

    @property
    def file(self) -> str:
        """`<extract>/<file name>`, printable whatever bytes the name holds."""
        name = os.fsencode(self.path.name).decode("utf-8", "backslashreplace")
        return f"{self.extract}/{name}"

    @property
    def manifest_path(self) -> Path:
        return self.path.with_name(self.path.name + MANIFEST_SUFFIX)

    def stored(self) -> Path:
        """The plain file, links followed. Raises NotAFile, Gone, Unreached."""
        return plain_file(self.path, self.within)

    def stored_manifest(self) -> Path | None:
        """The manifest, if there is one. Raises NotAFile, Unreached."""
        try:
            return plain_file(self.manifest_path, self.within)
        except Gone:
            return None

    def stamp(self) -> tuple[int, ...]:
        """See `stored.stamp`; empty for what is not a plain file. Raises Gone, Unreached."""
        try:
            return stamp(self.stored())
        except NotAFile:
            return ()


@dataclass(frozen=True)
class Landing:
    """The files that count, in the order in which one run takes them, and what lies astray."""

    files: tuple[LandingFile, ...]
    strays: tuple[str, ...]


def parse_name(extract: str, file_name: str) -> Name | None:
    """What the name says, or None if it is not a name of this extract or feed."""
    match = _NAMES[extract].fullmatch(file_name)
    if match is None:
        return None
    day = match["day"]
    try:
        business_date = date(int(day[:4]), int(day[4:6]), int(day[6:]))
    except ValueError:
        return None
    return Name(match["kind"], business_date, int(match["sequence"] or 0), match["ext"])


def extract_of(file_name: str) -> str | None:
    """The extract or feed that a name begins with."""
    stems = {name: name for name in EXTRACTS} | {feed.stem: feed.name for feed in FEEDS.values()}
    return next((name for stem, name in stems.items() if file_name.startswith(f"{stem}_")), None)


def name_in_words(extract: str) -> str:
    """What a name in this folder looks like."""
    feed = FEEDS.get(extract)
    if feed is not None:
        return (
            f"{feed.stem}_{feed.kind}_YYYYMMDD.{feed.formats[0]}, with _NN after the day, "
            f"{' or '.join('.' + each for each in feed.formats)}, and .gz or .zst behind"
        )
    return (
        f"{extract}_full_YYYYMMDD.csv, or delta in place of full, with _NN after the day and "
        ".csv.gz, .csv.zst or .parquet"
    )


def walk(landing: Path) -> Landing:
    """List a landing folder."""
    files: list[LandingFile] = []
    strays: list[str] = []
    for entry in sorted(landing.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.name not in _NAMES or not entry.is_dir():
            strays.append(os.fsencode(entry.name).decode("utf-8", "backslashreplace"))
    for extract in _NAMES:
        folder = landing / extract
        if folder.is_dir():
            files += [
                LandingFile(path, extract, landing)
                for path in sorted(folder.iterdir())
                if not path.name.startswith(".") and not path.name.endswith(MANIFEST_SUFFIX)
            ]
    return Landing(tuple(files), tuple(strays))
