"""The work of a day in one step: wait for the files, run, compare, write standing exports, tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipeline.build import BuildResult
from pipeline.clock import today
from pipeline.compare import compare
from pipeline.errors import BuildHeld, GateFailed, PipelineError
from pipeline.export import export
from pipeline.export_lists import STANDING
from pipeline.intake.names import parse_name, walk
from pipeline.journal import note
from pipeline.layout import Warehouse, replace_json, replace_text
from pipeline.notice import send
from pipeline.publication import Publication, publications
from pipeline.run import Bar, build_and_publish, load_files
from pipeline.visible import visible

POLL_SECONDS = 30.0


class FilesMissing(PipelineError):
    """Files that were expected for the day did not come."""

    exit_code = 6

    def __init__(self, message: str, missing: Sequence[str]) -> None:
        super().__init__(message)
        self.missing = list(missing)


def yesterday() -> date:
    """The settlement day that ended last."""
    return today() - timedelta(days=1)


def missing(landing: Path, day: date, expected: Sequence[str]) -> list[str]:
    """The expected extracts and feeds without a file of the day."""
    there = {
        file.extract
        for file in walk(landing).files
        if (name := parse_name(file.extract, file.path.name)) and name.business_date == day
    }
    return [name for name in expected if name not in there]


def wait(
    warehouse: Warehouse, landing: Path, day: date, expected: Sequence[str], seconds: float
) -> None:
    """Return when every expected file is there; raises `FilesMissing` after so many seconds."""
    deadline = time.monotonic() + seconds
    while lacking := missing(landing, day, expected):
        left = deadline - time.monotonic()
        if left <= 0:
            note(warehouse, "files_missing", level="error", day=day, missing=lacking)
            raise FilesMissing(
                f"No file of {day} has come for {', '.join(lacking)} into {landing}. Nothing was "
                "built. Run again when it is there, or name what you do expect with --expect.",
                lacking,
            )
        time.sleep(min(POLL_SECONDS, left))


def daily(
    warehouse: Warehouse,
    landing: Path,
    day: date,
    *,
    notify: Sequence[str],
    accept_loss: bool,
    allow_future_dates: bool,
    memory_limit: str | None,
    threads: int,
    bar: Bar,
    say_failures: Callable[[BuildResult], None],
) -> dict[str, Any]:
    """Load, build, publish and compare, and write the day's folder of exports.

    Gives the summary that lies in `exports/daily/<day>/summary.json`.
    """
    with bar("load") as report:
        loaded = load_files(
            warehouse,
            landing,
            False,
            memory_limit,
            threads,
            report,
            allow_future_dates=allow_future_dates,
        )
    before = next((p for p in publications(warehouse) if p.as_of < day), None)
    try:
        publication, _ = build_and_publish(
            warehouse,
            day,
            False,
            memory_limit,
            threads,
            bar,
            say_failures,
            refused=loaded.refused,
            accept_loss=accept_loss,
            allow_future_dates=allow_future_dates,
        )
    except GateFailed as failure:
        send(f"MHHS readiness: the gate failed for {day}", str(failure), notify)
        raise
    except BuildHeld as held:
        send(f"MHHS readiness: the build for {day} is held", str(held), notify)
        raise
    comparison = None
    if before is not None:
        with bar("compare") as report:
            comparison = compare(
                warehouse,
                before,
                publication,
                memory_limit=memory_limit,
                threads=threads,
                progress=report,
            ).document
    folder = warehouse.exports / "daily" / day.isoformat()
    with bar("export") as report:
        exports = _write_standing(publication, folder, report)
    summary = _summary(publication, comparison) | {
        "exports": exports,
        "refused": loaded.refusals(),
        "accepted_loss": publication.manifest.get("accepted_loss", []),
    }
    replace_json(folder / "summary.json", summary)
    replace_text(folder / "summary.txt", "\n".join(in_words(summary)) + "\n")
    note(warehouse, "daily_done", day=day, publication_id=publication.publication_id)
    if summary["new_breaches"] or summary["escalated_to_breach"] or summary["is_first_of_contract"]:
        title = f"MHHS readiness as of {day}: {_news_in_words(summary)}"
        send(title, "\n".join(in_words(summary)), notify)
    return summary


def _write_standing(
    publication: Publication, folder: Path, report: Callable[[str, float], None]
) -> list[dict[str, Any]]:
    written = []
    wanted = [(name, form) for name in STANDING for form in ("csv", "parquet")]
    for number, (name, form) in enumerate(wanted):
        report(name, number / len(wanted))
        manifest = export(
            publication.path, folder / f"exceptions-{name}.{form}", STANDING[name], None, form
        )
        written.append({key: manifest[key] for key in ("file", "rows", "sha256")})
    return written


def _summary(publication: Publication, comparison: dict[str, Any] | None) -> dict[str, Any]:
    with closing(duckdb.connect(str(publication.path), read_only=True)) as connection:
        headline = _records(connection, "from marts.rpt_m14_headline")[0]
        rules = _records(
            connection,
            "select rule_id, severity, sum(exceptions)::bigint as exceptions, "
            "sum(new_since_previous)::bigint as new, "
            "sum(resolved_since_previous)::bigint as resolved, "
            "sum(escalated_since_previous)::bigint as escalated, "
            "sum(eased_since_previous)::bigint as eased "
            "from marts.rpt_exception_summary group by all order by all",
        )
        loads = _records(
            connection,
            "select file, outcome, error, quarantined from marts.rpt_load "
            "where business_date = (select as_of from marts.rpt_m14_headline) "
            "and (outcome = 'refused' or quarantined > 0) order by file",
        )
    causes: dict[str, int] = {}
    for row in (comparison or {}).get("changes", []):
        causes[row["cause"]] = causes.get(row["cause"], 0) + row["exceptions"]
    breaches = [row for row in rules if row["severity"] == "BREACH"]
    return publication.summary() | {
        "new_breaches": sum(row["new"] for row in breaches),
        "escalated_to_breach": sum(row["escalated"] for row in breaches),
        "is_first_of_contract": publication.manifest["is_first_of_contract"],
        "headline": {
            name: headline[name]
            for name in (
                "live_metering_points",
                "points_not_qualified",
                "suppliers",
                "suppliers_qualified",
                "open_breaches",
                "days_to_m14",
            )
        },
        "rules": rules,
        "changes_by_cause": causes,
        "compared_with": comparison["before"]["publication_id"] if comparison else None,
        "faulty_files": loads,
    }


def in_words(summary: dict[str, Any]) -> list[str]:
    """The summary as a person reads it."""
    figures = summary["headline"]
    lines = [
        f"MHHS readiness as of {summary['as_of']} ({summary['publication_id']})",
        f"{figures['points_not_qualified']:,} of {figures['live_metering_points']:,} live Metering "
        f"Points are held by non-Qualified Suppliers; {figures['suppliers_qualified']:,} of "
        f"{figures['suppliers']:,} Suppliers are Qualified.",
        f"{figures['open_breaches']:,} breaches are open. Since the previous as-of day: "
        f"{_news_in_words(summary)}.",
    ]
    kinds = ("new", "resolved", "escalated", "eased")
    for row in summary["rules"]:
        if changes := ", ".join(f"{row[kind]:,} {kind}" for kind in kinds if row[kind]):
            lines.append(f"  {row['rule_id']:<7}{row['severity']:<9} {changes}")
    causes = summary["changes_by_cause"]
    if causes:
        lines.append(
            f"Of the changes {causes.get('REAL', 0):,} are real and "
            + (
                f"{defined:,} come from changed definitions or later files."
                if (defined := causes.get("DEFINITION_CHANGED"))
                else f"{causes.get('CORRECTION', 0):,} are corrections of the past."
            )
        )
    lines += [
        f"  {row['file']}: {row['outcome']} {row['error'] or ''}, "
        f"{row['quarantined']:,} lines quarantined"
        for row in summary["faulty_files"]
    ]
    lines += [f"  {file['detail']}" for file in summary["refused"] if file["first_seen"]]
    lines += [f"  Loss accepted: {loss['message']}" for loss in summary["accepted_loss"]]
    return [visible(line) for line in lines]


def _news_in_words(summary: dict[str, Any]) -> str:
    if summary["is_first_of_contract"]:
        return "definitions changed, so nothing is counted as new or escalated"
    new, escalated = summary["new_breaches"], summary["escalated_to_breach"]
    return (
        f"{new:,} new breach{'' if new == 1 else 'es'}, {escalated:,} "
        f"exception{'' if escalated == 1 else 's'} escalated to a breach"
    )


def _records(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    relation = connection.sql(sql)
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
