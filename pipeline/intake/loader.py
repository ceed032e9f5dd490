"""Takes the files of a landing folder into the lake, one by one, each wholly or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb

from pipeline import signals
from pipeline.contracts import EXTRACTS
from pipeline.errors import PipelineError
from pipeline.intake.adapters import FEEDS
from pipeline.intake.log import Entry, LoadLog, sync_folder
from pipeline.intake.manifest import BadManifest, Manifest, read_manifest
from pipeline.intake.names import LandingFile, Name, name_in_words, parse_name, walk
from pipeline.intake.opening import Gone, NotAFile, Unreached
from pipeline.intake.outcomes import (
    COUNTED,
    FUTURE_DATE,
    SHRUNK,
    Outcome,
    is_future,
    judge,
    judge_as_of,
)
from pipeline.intake.reading import (
    Ahead,
    Opened,
    digest,
    open_feed,
    open_file,
    read_through,
    write_rows,
)
from pipeline.intake.report import LoadSummary, Taken, future_in_words, report
from pipeline.intake.source import Refused, check_header, unknown_columns
from pipeline.intake.staging import Places
from pipeline.intake.stored import is_settled, stamp
from pipeline.machine import cores, default_memory_limit

LAKE = Path("lake")
_SCRATCH = LAKE / ".scratch"
_LOOK_AHEAD = 32
_STAGED = ("rows.parquet", "excluded.parquet", "quarantine.parquet", "noted.parquet")

Progress = Callable[[str, float], None]
_Seen = tuple[LandingFile, Entry | None, Taken, str]


class _Changed(Exception):
    """The file was written to while it was read."""


def load(
    landing: Path,
    warehouse: Path,
    *,
    allow_shrunk: bool = False,
    allow_future_dates: bool = False,
    memory_limit: str | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> LoadSummary:
    """Take every file of the landing folder that was not taken before.

    Takes no lock: hold `pipeline.locking.warehouse_lock`. Killed at any moment, it leaves whole
    files and garbage, and the next run removes the garbage.
    """
    if not landing.is_dir():
        raise PipelineError(f"There is no landing folder {landing}: name one that exists.")
    found = walk(landing)
    log = LoadLog(warehouse)
    log.lose(warehouse)
    _sweep(warehouse, log)
    scratch = warehouse / _SCRATCH
    known = {entry.identity for entry in log.entries}
    seen: list[_Seen] = []
    with duckdb.connect() as connection:
        _configure(connection, scratch, memory_limit, threads)
        loader = _Loader(connection, warehouse, log, allow_shrunk, allow_future_dates)
        with closing(loader.ahead):
            loader.look_ahead(found.files[:_LOOK_AHEAD])
            for number, landing_file in enumerate(found.files):
                if progress is not None:
                    progress(landing_file.file, number / len(found.files))
                seen.append(loader.take(landing_file))
                loader.look_ahead(found.files[number + _LOOK_AHEAD :][:1])
    shutil.rmtree(scratch, ignore_errors=True)
    fates = {outcome.entry.identity: outcome for outcome in judge_as_of(log.entries, date.max)}
    return LoadSummary(
        tuple(
            replace(
                report(file, taken, fates[entry.identity] if entry is not None else None, why),
                # What could not be read is on no record, so it is new on each run.
                first_seen=taken is Taken.UNREACHED
                or (entry is not None and entry.identity not in known),
            )
            for file, entry, taken, why in seen
        ),
        found.strays,
    )


def rehearse(landing_file: LandingFile, log: LoadLog, folder: Path) -> tuple[Entry, Path, Path]:
    """Judge a file as `load` would, with `folder` in place of a warehouse.

    Gives its entry, and where its quarantined lines and noted values are if it has any.
    """
    scratch = folder / _SCRATCH
    scratch.mkdir(parents=True)
    with duckdb.connect() as connection:
        _configure(connection, scratch, None, None)
        try:
            entry = _Loader(connection, folder, log).judge(landing_file)
        except (Gone, Unreached, NotAFile) as error:
            raise PipelineError(f"{landing_file.path} could not be read: {error}.") from None
    return entry, scratch / _STAGED[-2], scratch / _STAGED[-1]


class _Loader:
    """One run over the files of a landing folder."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        warehouse: Path,
        log: LoadLog,
        allow_shrunk: bool = False,
        allow_future_dates: bool = False,
    ) -> None:
        self._connection = connection
        self._warehouse = warehouse
        self._scratch = warehouse / _SCRATCH
        self._log = log
        self._allow_shrunk = allow_shrunk
        self._allow_future_dates = allow_future_dates
        self.ahead = Ahead()

    def look_ahead(self, files: Sequence[LandingFile]) -> None:
        """Have the bytes of files scanned while DuckDB writes the rows of those before them."""
        for file in files:
            name = parse_name(file.extract, file.path.name)
            if name is None or name.ext == "parquet" or file.extract in FEEDS:
                continue
            with suppress(NotAFile, Gone, Unreached):
                path = file.stored()
                if self._log.by_stamp(file.file, stamp(path)) is None:
                    self.ahead.scan(path, name.ext)

    def take(self, landing_file: LandingFile) -> _Seen:
        """Take one file, unless it was taken before or changes meanwhile."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        try:
            before = landing_file.stamp()
            entry = self._log.by_stamp(landing_file.file, before)
            if entry is None or entry.error is not None:
                entry = self.judge(landing_file)
            if landing_file.stamp() != before:
                raise _Changed
        except (_Changed, Gone, NotAFile):
            return landing_file, None, Taken.CHANGING, ""
        except Unreached as error:
            return landing_file, None, Taken.UNREACHED, str(error)
        known = self._log.find(*entry.identity)
        if known is not None and known.error is None:
            entry = self._allowed(known)
            taken = Taken.BEFORE if entry == known else Taken.NOW
        else:
            taken = Taken.NOW
            self._keep(entry)
        if before and is_settled(before):
            entry = replace(entry, stamp=before)
        signals.check()  # what an interrupted reader found is no fault of the file
        if entry != known:
            self._log.append(entry)
        return landing_file, entry, taken, ""

    def _allowed(self, known: Entry) -> Entry:
        """An entry from an earlier run, let through now if it was refused for what is allowed."""
        if not (self._allow_shrunk or self._allow_future_dates):
            return known
        error = self._fate(known).error
        return replace(
            known,
            allow_shrunk=known.allow_shrunk or (self._allow_shrunk and error == SHRUNK),
            allow_future_dates=known.allow_future_dates
            or (self._allow_future_dates and error == FUTURE_DATE),
        )

    def judge(self, landing_file: LandingFile) -> Entry:
        """Judge the file by itself; its rows, if any, are left in the scratch folder."""
        entry = Entry(landing_file.file, landing_file.extract, "")
        name = parse_name(landing_file.extract, landing_file.path.name)
        path, what = None, ""
        try:
            path = landing_file.stored()
        except NotAFile as error:
            what = str(error)
        if name is None:
            return replace(
                entry,
                sha256=digest(path) if path else "",
                error="BAD_NAME",
                detail=f"a name here reads {name_in_words(landing_file.extract)}."
                + (f" It is also {what}, not a file." if what else ""),
            )
        entry = replace(
            entry, kind=name.kind, business_date=name.business_date, sequence=name.sequence
        )
        rival = self._rival(landing_file, name)
        if rival is not None:
            return replace(
                entry,
                sha256=digest(path) if path else "",
                error="BAD_NAME",
                detail=f"{rival} stands for the same day and sequence; use its name to supply it "
                "again, or the next sequence for what comes after it.",
            )
        if path is None:
            return replace(
                entry,
                error="NOT_A_FILE",
                detail=f"it is {what}, which is never opened; put the file itself here.",
            )
        if is_future(name.business_date) and not self._allow_future_dates:
            return self._future(entry, path)
        if landing_file.extract in FEEDS:
            opened = open_feed(
                self._connection, path, landing_file.extract, name.ext, self._scratch
            )
        else:
            opened = open_file(self._connection, path, name.ext, self._scratch, self.ahead)
        entry = replace(entry, sha256=opened.sha256)
        known = self._log.find(*entry.identity)
        if known is not None and known.error is None:
            return known
        try:
            return self._stage(landing_file, name, opened, entry)
        except Refused as refused:
            return replace(entry, error=refused.code, detail=refused.detail)

    def _future(self, entry: Entry, path: Path) -> Entry:
        entry = replace(entry, sha256=digest(path))
        known = self._log.find(*entry.identity)
        if known is not None and known.error is None:
            return known
        return replace(entry, error=FUTURE_DATE, detail=future_in_words(entry.business_date))

    def _stage(self, landing_file: LandingFile, name: Name, opened: Opened, entry: Entry) -> Entry:
        feed = FEEDS.get(landing_file.extract)
        # An adapter's rows say what is so, whatever the kind of its file.
        extract, kind = (
            (feed.extract, "full") if feed else (EXTRACTS[landing_file.extract], name.kind)
        )
        if opened.refused is not None:
            raise opened.refused
        try:
            check_header(opened.header, extract, kind)
            manifest = _manifest(landing_file)
            _compare(manifest, None, entry.sha256)
        except Refused:
            read_through(self._connection, opened)  # that it cannot be read is said first
            raise
        counts = write_rows(
            self._connection,
            opened,
            extract,
            kind,
            entry.file,
            self._scratch,
            Places(*(self._scratch / place for place in _STAGED)),
        )
        messages = sum(times for *_, times in opened.ignored)
        _compare(manifest, counts.lines + messages, entry.sha256)
        stem = f"{landing_file.path.name}-{entry.sha256[:16]}"
        return replace(
            entry,
            lines=counts.lines,
            accepted=counts.accepted,
            quarantined=counts.quarantined,
            repeated=counts.repeated,
            noted=counts.noted,
            unknown_columns=", ".join(unknown_columns(opened.header, extract, kind)),
            ignored=opened.ignored,
            extracted_at=manifest.extracted_at,
            allow_shrunk=self._allow_shrunk and name.kind == "full",
            allow_future_dates=is_future(name.business_date),
            rows=f"{LAKE / landing_file.extract / stem}.parquet",
            excluded=f"{LAKE / 'excluded' / stem}.parquet" if counts.excluded else None,
            quarantine=f"{LAKE / 'quarantine' / stem}.parquet" if counts.quarantined else None,
            noted_values=f"{LAKE / 'noted' / stem}.parquet" if counts.noted else None,
        )

    def _keep(self, entry: Entry) -> None:
        """Move the rows from the scratch folder into the lake, whole and on the disk."""
        places = (entry.rows, entry.excluded, entry.quarantine, entry.noted_values)
        for staged, place in zip(_STAGED, places, strict=True):
            if place is not None:
                source, target = self._scratch / staged, self._warehouse / place
                with source.open("rb") as stream:
                    os.fsync(stream.fileno())
                target.parent.mkdir(parents=True, exist_ok=True)
                source.replace(target)
                sync_folder(target.parent)

    def _rival(self, landing_file: LandingFile, name: Name) -> str | None:
        """Another name that stands for the same extract, kind, day and sequence."""
        others = [
            entry
            for entry in self._log.entries
            if entry.error is None
            and entry.extract == landing_file.extract
            and entry.file != landing_file.file
            and (entry.kind, entry.business_date, entry.sequence) == name.slot
        ]
        return next((e.file for e in others if self._fate(e).outcome in COUNTED), None)

    def _fate(self, entry: Entry) -> Outcome:
        outcomes = judge(self._log.entries)
        return next(each for each in outcomes if each.entry.identity == entry.identity)


def _manifest(landing_file: LandingFile) -> Manifest:
    try:
        path = landing_file.stored_manifest()
        return Manifest() if path is None else read_manifest(path)
    except BadManifest as error:
        raise Refused("MANIFEST_MISMATCH", f"{error}.") from None
    except NotAFile as error:
        raise Refused(
            "MANIFEST_MISMATCH", f"its manifest is {error}, which is never opened."
        ) from None


def _compare(manifest: Manifest, rows: int | None, sha256: str) -> None:
    difference = manifest.mismatch(rows, sha256)
    if difference is not None:
        raise Refused(
            "MANIFEST_MISMATCH", f"{difference}; ask the sender which of the two is right."
        )


def _configure(
    connection: duckdb.DuckDBPyConnection,
    scratch: Path,
    memory_limit: str | None,
    threads: int | None,
) -> None:
    connection.execute("SET TimeZone = 'UTC'")
    # The place of a row in the lake tells its record in the file.
    connection.execute("SET preserve_insertion_order = true")
    connection.execute("SET enable_progress_bar = false")
    # Scratch files are written again under one name: DuckDB's cache would serve the old bytes.
    connection.execute("SET enable_external_file_cache = false")
    connection.execute("SET temp_directory = $folder", {"folder": str(scratch.absolute())})
    limit = memory_limit or default_memory_limit()
    connection.execute("SET memory_limit = $limit", {"limit": limit})
    connection.execute("SET threads = $threads", {"threads": threads or cores()})


def _sweep(warehouse: Path, log: LoadLog) -> None:
    """Remove what a killed run left: lake files without a line in the log."""
    shutil.rmtree(warehouse / _SCRATCH, ignore_errors=True)
    kept = {place for entry in log.entries for place in entry.places}
    for path in (warehouse / LAKE).glob("*/*"):
        if str(path.relative_to(warehouse)) not in kept:
            path.unlink()
