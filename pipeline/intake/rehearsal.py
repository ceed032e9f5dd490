"""What would become of a file, tried without touching a warehouse: `load --check`."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from pipeline.contract_pages import type_in_words
from pipeline.contracts import CHANGE_TYPE, EXTRACTS, Extract, Kind
from pipeline.intake.adapters import FEEDS
from pipeline.intake.loader import rehearse
from pipeline.intake.log import Entry, LoadLog
from pipeline.intake.names import LandingFile, extract_of, parse_name
from pipeline.intake.opening import open_plain
from pipeline.intake.outcomes import judge_as_of
from pipeline.intake.records import read_records, split
from pipeline.intake.report import FileOutcome, Taken, report
from pipeline.intake.stored import Unpacked
from pipeline.sql_text import read_path

FIRST_FAULTS = 10


@dataclass(frozen=True)
class Rehearsal:
    """What would become of a file: its outcome, its faults counted, the first of them in words.

    `faults` has (reason, column or None) -> lines, `noted` (reason, column) -> values of accepted
    lines that become null.
    """

    outcome: FileOutcome
    faults: dict[tuple[str, str | None], int]
    first: tuple[str, ...]
    was_loaded: bool
    noted: dict[tuple[str, str], int]

    @property
    def is_clean(self) -> bool:
        return self.outcome.outcome != "refused" and self.outcome.quarantined == 0

    def document(self) -> dict[str, Any]:
        faults = [
            {"reason": reason, "column": column, "lines": lines}
            for (reason, column), lines in self.faults.items()
        ]
        noted = [
            {"reason": reason, "column": column, "values": values}
            for (reason, column), values in self.noted.items()
        ]
        first = list(self.first)
        return vars(self.outcome) | {"faults": faults, "noted_values": noted, "first": first}


def check(path: Path, warehouse: Path | None = None) -> Rehearsal:
    """Judge a file as `load` would; what depends on other files, with a warehouse alone."""
    extract = extract_of(path.name)
    landing_file = LandingFile(path, extract or "unknown")
    with tempfile.TemporaryDirectory(prefix="mhhs-check-") as name:
        log = LoadLog(warehouse or Path(name))
        if extract is None:
            detail = "its name begins with the name of no extract."
            entry = Entry(landing_file.file, "unknown", "", error="BAD_NAME", detail=detail)
            nothing = Path(name) / "none"
            faults, first = _faults(nothing, landing_file)
            noted = _noted(nothing)
        else:
            entry, quarantine, noted_values = rehearse(landing_file, log, Path(name))
            faults, first = _faults(quarantine, landing_file)
            noted = _noted(noted_values)
    entries = log.entries
    known = next((e for e in entries if e.identity == entry.identity and e.error is None), None)
    judged = [e for e in entries if e.identity != entry.identity] + [known or entry]
    fates = judge_as_of(judged, date.max)
    fate = next(fate for fate in fates if fate.entry.identity == entry.identity)
    outcome = replace(
        report(landing_file, Taken.BEFORE if known else Taken.NOW, fate),
        first_seen=all(each.identity != entry.identity for each in entries),
    )
    return Rehearsal(outcome, faults, first, known is not None, noted)


def _noted(noted_values: Path) -> dict[tuple[str, str], int]:
    if not noted_values.exists():
        return {}
    with duckdb.connect() as connection:
        counts = connection.execute(
            "SELECT reason, column_name, count(*) AS times FROM read_parquet("
            f"{read_path(noted_values)}, hive_partitioning = false) "
            "GROUP BY ALL ORDER BY times DESC, reason, column_name"
        ).fetchall()
    return {(reason, column): times for reason, column, times in counts}


def _faults(
    quarantine: Path, landing_file: LandingFile
) -> tuple[dict[tuple[str, str | None], int], tuple[str, ...]]:
    if not quarantine.exists():
        return {}, ()
    with duckdb.connect() as connection:
        relation = f"read_parquet({read_path(quarantine)}, hive_partitioning = false)"
        counts = connection.execute(
            f"SELECT reason, column_name, count(*) AS lines FROM {relation} "
            "GROUP BY ALL ORDER BY lines DESC, reason, column_name"
        ).fetchall()
        lines = connection.execute(
            "SELECT line, reason, column_name, row_text "
            f"FROM {relation} ORDER BY line LIMIT {FIRST_FAULTS}"
        ).fetchall()
    header = _header(landing_file)
    feed = FEEDS.get(landing_file.extract)
    extract = feed.extract if feed else EXTRACTS[landing_file.extract]
    return (
        {(reason, column): lines for reason, column, lines in counts},
        tuple(_in_words(extract, header, *line) for line in lines),
    )


def _header(landing_file: LandingFile) -> list[str]:
    """The names by which a quarantined line of CSV or Parquet is read; none for messages."""
    name = parse_name(landing_file.extract, landing_file.path.name)
    if name is None or landing_file.extract in FEEDS:
        return []
    if name.ext == "parquet":
        return list(pq.read_schema(landing_file.path).names)
    with open_plain(landing_file.stored()) as stream:
        first = next(read_records(iter(Unpacked(stream, name.ext))))
    return [field.removeprefix("\ufeff") for field in first.fields]


def _in_words(
    extract: Extract, header: list[str], line: int, reason: str, column: str | None, text: str
) -> str:
    fields = split(text) or []
    values = dict(zip(header, fields, strict=False))
    shown = f" {values[column]!r}" if column in values else ""
    columns = {c.name: c for c in (CHANGE_TYPE, *extract.columns)}
    match reason:
        case "FIELD_COUNT" if header:
            what = f"it has {len(fields)} fields, the header has {len(header)}"
        case "FIELD_COUNT":
            what = "it cannot be read as a row"
        case "MISSING_VALUE":
            what = f"{column} is empty and must not be"
        case "BAD_INTERVAL":
            what = f"{column}{shown} lies before effective_from"
        case "DUPLICATE_KEY":
            what = f"a later line has the same {', '.join(extract.key)}"
        case _:
            wanted = columns[str(column)]
            what = f"{column}{shown} is not: {type_in_words(wanted)}"
            if wanted.kind is Kind.DATE:
                what += " in the form that most of the column has"
    return f"line {line:,}: {reason}, {what}"
