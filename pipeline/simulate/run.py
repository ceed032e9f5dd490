"""The simulation from beginning to end: chunks of Metering Points, cut into files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from pipeline.contracts import EXTRACTS
from pipeline.simulate import days, parties, scripted
from pipeline.simulate.appointments import AgentChoice, appointment_versions
from pipeline.simulate.dirty import FIRST_ROWS, dirty_rows, with_noted_values
from pipeline.simulate.files import ExtractFile, FileFormat
from pipeline.simulate.migration_plan import MigrationPlan, migration_plan
from pipeline.simulate.points import metering_points
from pipeline.simulate.qualification import decisions, supplier_table
from pipeline.simulate.randomness import Draws
from pipeline.simulate.regimes import migration_versions, regimes
from pipeline.simulate.rows import rows
from pipeline.simulate.switching import histories, registration_versions
from pipeline.simulate.versions import Window

# Fixed, because the order of the rows and the bytes of the files follow from it.
CHUNK = 500_000
MINIMUM_POINTS = 1_000
MAXIMUM_POINTS = 500_000_000

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class SimulationSummary:
    """What a simulation wrote; `files` are the data files, each with a manifest beside it."""

    files: int
    bytes: int
    rows: dict[str, int] = field(default_factory=dict)


class _Landing:
    """The files of the window, opened when the first row comes."""

    def __init__(self, folder: Path, window: Window, file_format: FileFormat) -> None:
        self._folder, self._window, self._format = folder, window, file_format
        self._files: dict[tuple[str, str, int], ExtractFile] = {}

    def add(self, extract: str, versions: pl.DataFrame, points: pl.DataFrame | None = None) -> None:
        """Writes the versions of an extract into its full and its deltas."""
        full = rows(extract, self._window.full(versions), points)
        self._append(extract, "full", self._window.first, full)
        changes = rows(extract, self._window.changes(versions), points)
        by_day = changes.partition_by("day", as_dict=True, include_key=False)
        for key in sorted(by_day):
            self._append(extract, "delta", int(key[0]), by_day[key])

    def _append(self, extract: str, kind: str, number: int, frame: pl.DataFrame) -> None:
        file = self._files.get((extract, kind, number))
        if file is None:
            file = ExtractFile(self._folder, extract, kind, number, self._format)
            self._files[extract, kind, number] = file
            dirty = dirty_rows(extract, kind, frame, number)
            if dirty is not None:
                file.append(dirty)
            file.append(with_noted_values(extract, kind, frame.head(FIRST_ROWS)))
            frame = frame.slice(FIRST_ROWS)
        file.append(frame)

    def finish(self) -> SimulationSummary:
        """Puts all files in place, oldest first."""
        for key in sorted(self._files, key=lambda key: (key[2], key[0], key[1])):
            self._files[key].finish()
        files = list(self._files.values())
        return SimulationSummary(
            files=len(files),
            bytes=sum(file.size for file in files),
            rows={
                extract: sum(file.rows for file in files if file.extract == extract)
                for extract in EXTRACTS
            },
        )

    def discard(self) -> None:
        """Leaves nothing half-written behind."""
        for file in self._files.values():
            file.discard()


class _Market:
    """One seed's market, generated a chunk of Metering Points at a time."""

    def __init__(self, seed: int, window: Window) -> None:
        self.window = window
        self.draws = Draws(seed)
        self.decisions = decisions(self.draws)
        self.plan: MigrationPlan = migration_plan(supplier_table(self.decisions))
        self.choice = AgentChoice(self.draws)
        self.script = scripted.script()

    def write_parties(self, landing: _Landing) -> None:
        landing.add("participant", parties.participants(self.draws))
        landing.add("approval", parties.approvals(self.decisions))
        landing.add("stage", parties.stages(self.draws))

    def write_points(self, landing: _Landing, first: int, stop: int) -> None:
        script = self.script
        points = metering_points(self.draws, first, stop, script.points, script.wrong_mpans)
        generated = points.filter(pl.col("point") >= script.points)
        frame = histories(self.draws, self.plan, generated)
        versions = {"registration": registration_versions(self.draws, frame, self.window)}
        frame = regimes(self.draws, self.plan, frame)
        versions["migration"] = migration_versions(self.draws, frame, self.window)
        versions["appointment"] = appointment_versions(self.draws, self.choice, frame, self.window)
        del frame
        for extract, generated_versions in versions.items():
            both = [generated_versions]
            if first == 0:
                both.insert(0, script.versions(extract).filter(self.window.touches()))
            landing.add(extract, pl.concat(both), points)


def simulate(
    points: int,
    seed: int,
    first_day: date,
    last_day: date,
    landing: Path,
    file_format: FileFormat = "csv",
    progress: Progress | None = None,
) -> SimulationSummary:
    """Writes a market of `points` Metering Points: a full of `first_day`, then a delta a day.

    The same arguments give the same bytes. `progress` is told what is being done and the fraction
    that is done.
    """
    if not MINIMUM_POINTS <= points <= MAXIMUM_POINTS:
        raise ValueError(
            f"points is {points}; the simulator makes markets of {MINIMUM_POINTS:,} to "
            f"{MAXIMUM_POINTS:,} Metering Points"
        )
    if first_day > last_day:
        raise ValueError(f"the first day, {first_day}, is after the last day, {last_day}")
    if first_day < days.EARLIEST or last_day > days.LATEST:
        raise ValueError(
            f"the simulated market lasts from {days.EARLIEST} to {days.LATEST}; "
            f"{first_day} to {last_day} is not within it"
        )
    if file_format not in ("csv", "csv.gz", "parquet"):
        raise ValueError(f"file format {file_format!r}; known are csv, csv.gz and parquet")
    report: Progress = progress or (lambda description, fraction: None)
    window = Window(days.of(first_day), days.of(last_day))
    files = _Landing(Path(landing), window, file_format)
    try:
        report("Parties and the road to Qualification", 0.0)
        market = _Market(seed, window)
        market.write_parties(files)
        for first in range(0, points, CHUNK):
            report(f"Metering Points from {first:,}", 0.01 + 0.98 * first / points)
            market.write_points(files, first, min(first + CHUNK, points))
        report("Manifests", 0.99)
        summary = files.finish()
    except BaseException:
        files.discard()
        raise
    report("Done", 1.0)
    return summary
