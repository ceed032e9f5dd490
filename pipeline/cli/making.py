"""The commands that make something: a market, a lake, a build, a publication."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from pipeline.cli.secret_keys import replace_exposed_key
from pipeline.console import (
    ACCEPT_LOSS,
    ALLOW_FUTURE_DATES,
    ALLOW_SHRUNK,
    AS_OF,
    DAY,
    JSON,
    LANDING,
    MAKE_CURRENT,
    MAX_RATIO,
    MEMORY,
    THREADS,
    WAREHOUSE,
    print_json,
    progress_bar,
    rehearse_files,
    say,
    say_contract,
    say_failures,
    say_list,
    say_load,
    say_pruned,
    say_publication,
    tell,
)
from pipeline.contracts import EXTRACTS
from pipeline.errors import FILES_REFUSED, BuildHeld, GateFailed, PipelineError
from pipeline.layout import Warehouse
from pipeline.locking import warehouse_lock


def _day(value: Any) -> date | None:
    return value.date() if value else None


@click.command()
@click.option("--points", type=click.IntRange(1), required=True, help="Metering Points.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same bytes.")
@click.option("--from", "first_day", type=DAY, required=True, help="Business date of the fulls.")
@click.option("--to", "last_day", type=DAY, required=True, help="Business date of the last delta.")
@click.option(
    "--landing",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder to write the extracts into.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "csv.gz", "parquet"]),
    default="csv",
    show_default=True,
)
@JSON
def simulate(
    points: int,
    seed: int,
    first_day: Any,
    last_day: Any,
    landing: Path,
    file_format: Any,
    as_json: bool,
) -> None:
    """Write a made-up GB market: a full per extract, then daily deltas.

    Suppliers and agents are fictional; GSP groups and distributors are real. The market holds a few
    breaches of every rule.
    """
    from pipeline.simulate import simulate as run_simulation

    if first_day > last_day:
        raise click.BadParameter("--from must not be after --to")
    try:
        with progress_bar("simulate") as report:
            summary = run_simulation(
                points, seed, first_day.date(), last_day.date(), landing, file_format, report
            )
    except ValueError as error:
        raise PipelineError(str(error)) from error
    if as_json:
        print_json(vars(summary))
    else:
        rows = ", ".join(f"{count:,} {name}" for name, count in summary.rows.items())
        say(f"{landing}: {summary.files:,} files, {summary.bytes / 1e6:,.0f} MB: {rows}")


@click.command()
@click.option("--extract", "name", type=click.Choice(list(EXTRACTS)), help="Only this one.")
@click.option(
    "--sample",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a valid full and delta of each as a landing folder to start from.",
)
@JSON
def contract(name: str | None, sample: Path | None, as_json: bool) -> None:
    """Say what the files of the extracts must look like.

    For those who produce them: names, columns, types, allowed values. What becomes of a file made
    so can be tried with `load --check FILE`.
    """
    from pipeline.contract_pages import document, write_samples

    chosen = [EXTRACTS[name]] if name else list(EXTRACTS.values())
    if sample is not None:
        for extract in chosen:
            for path in write_samples(extract, sample):
                (tell if as_json else say)(str(path))
    elif as_json:
        print_json([document(extract) for extract in chosen])
    else:
        for extract in chosen:
            say_contract(extract)


@click.command()
@click.option(
    "--landing",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the extracts: <landing>/<extract>/<extract>_<kind>_<YYYYMMDD>.<ext>.",
)
@click.option(
    "--check",
    "to_check",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="Load nothing: say what would become of this file. May be given several times.",
)
@click.option(
    "--warehouse",
    "root",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that holds everything generated.  [default: warehouse; with --check: none]",
)
@ALLOW_SHRUNK
@MAX_RATIO
@ALLOW_FUTURE_DATES
@MEMORY
@THREADS
@JSON
def load(
    landing: Path | None,
    to_check: tuple[Path, ...],
    root: Path | None,
    allow_shrunk: bool,
    allow_future_dates: bool,
    memory_limit: str | None,
    threads: int,
    as_json: bool,
) -> None:
    """Take every new file of a landing folder into the lake.

    Bad lines are quarantined word for word, bad files are refused whole; both are said here and
    shown on the dashboard. Files already taken are skipped, so loading twice is safe.

    With --check nothing is loaded: counts and the first errors, with line and column, of the files
    named. The exit code is 3 if one would be refused or have lines quarantined. What depends on
    other files (SHRUNK, a name taken, already loaded) is judged if you name a --warehouse.
    """
    from pipeline.run import load_files

    if to_check:
        if landing is not None:
            raise click.UsageError("--check loads nothing: leave --landing out.")
        rehearse_files(to_check, root, as_json)
        return
    if landing is None:
        raise click.UsageError("Missing option '--landing'.")
    root = root or Path("warehouse")
    with warehouse_lock(root), progress_bar("load") as report:
        summary = load_files(
            Warehouse(root),
            landing,
            allow_shrunk,
            memory_limit,
            threads,
            report,
            allow_future_dates=allow_future_dates,
        )
    say_load(summary, as_json)


@click.command()
@WAREHOUSE
@AS_OF
@MEMORY
@THREADS
@JSON
def build(root: Path, as_of: Any, memory_limit: str | None, threads: int, as_json: bool) -> None:
    """Run every dbt model and test for a day, without publishing."""
    from pipeline.build import build as run_build
    from pipeline.build import default_as_of

    warehouse = Warehouse(root)
    with warehouse_lock(root), progress_bar("build") as report:
        result = run_build(
            warehouse,
            _day(as_of) or default_as_of(warehouse),
            memory_limit=memory_limit,
            threads=threads,
            progress=report,
        )
    say_failures(result)
    if as_json:
        print_json(
            {
                "as_of": result.as_of.isoformat(),
                "gate": "passed" if result.passed else "failed",
                "models": result.models,
                "tests": result.tests,
                "seconds": round(result.seconds, 1),
                "database": str(warehouse.build_database),
            }
        )
    else:
        say(
            f"Built {result.models} models and ran {result.tests} tests for {result.as_of} "
            f"in {result.seconds:.0f} s: {warehouse.build_database}"
        )
    if not result.passed:
        raise GateFailed(f"{len(result.failures)} tests or models failed; see above.")


@click.command()
@WAREHOUSE
@MAKE_CURRENT
@AS_OF
@ACCEPT_LOSS
@ALLOW_FUTURE_DATES
@click.option("--list", "as_list", is_flag=True, help="Build nothing: list what is kept.")
@click.option(
    "--keep",
    type=click.IntRange(1),
    help="Delete all but so many of the publications made last; never the current one, nor one "
    "that a process is reading.",
)
@click.option(
    "--parquet",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also write every mart as <folder>/<mart>.parquet, for Power BI, Excel and pandas.",
)
@MEMORY
@THREADS
@JSON
def publish(
    root: Path,
    make_current: bool,
    as_of: Any,
    accept_loss: bool,
    allow_future_dates: bool,
    as_list: bool,
    keep: int | None,
    parquet: Path | None,
    memory_limit: str | None,
    threads: int,
    as_json: bool,
) -> None:
    """Build for a day and, if every test passes, publish.

    Only what was tested in the same breath is published, so this always builds, unless --list says
    otherwise: then --keep and --parquet act on what is there. The exit code is 8 if the build is
    held because data is missing.
    """
    from pipeline.keeping import copy_parquet, prune
    from pipeline.publication import current
    from pipeline.run import build_and_publish

    warehouse = Warehouse(root)
    with warehouse_lock(root):
        if as_list:
            publication, result = current(warehouse), None
        else:
            publication, result = build_and_publish(
                warehouse,
                _day(as_of),
                make_current,
                memory_limit,
                threads,
                progress_bar,
                say_failures,
                accept_loss=accept_loss,
                allow_future_dates=allow_future_dates,
            )
        if parquet is not None:
            with progress_bar("parquet") as report:
                copy_parquet(publication, parquet, report)
        pruned = prune(warehouse, keep) if keep else None
    if result is not None:
        say_publication(warehouse, publication, result, as_json)
    if pruned is not None:
        say_pruned(pruned)
    if as_list:
        say_list(warehouse, as_json)


@click.command()
@LANDING
@WAREHOUSE
@AS_OF
@ALLOW_SHRUNK
@MAX_RATIO
@ALLOW_FUTURE_DATES
@ACCEPT_LOSS
@MAKE_CURRENT
@MEMORY
@THREADS
@JSON
def run(
    landing: Path,
    root: Path,
    as_of: Any,
    allow_shrunk: bool,
    allow_future_dates: bool,
    accept_loss: bool,
    make_current: bool,
    memory_limit: str | None,
    threads: int,
    as_json: bool,
) -> None:
    """Load, build, test and publish: everything a day needs.

    Interrupt it at any moment; the next run takes up where it has to. Readers keep the last
    publication until the new one has passed every test. The exit code is 8 if the build is held
    because data is missing, and 7 if it is published although a file that no earlier run has seen
    was refused.
    """
    from pipeline.run import build_and_publish, load_files

    warehouse = Warehouse(root)
    replace_exposed_key(root)
    with warehouse_lock(root):
        with progress_bar("load") as report:
            summary = load_files(
                warehouse,
                landing,
                allow_shrunk,
                memory_limit,
                threads,
                report,
                allow_future_dates=allow_future_dates,
            )
        say_load(summary, False)
        try:
            publication, result = build_and_publish(
                warehouse,
                _day(as_of),
                make_current,
                memory_limit,
                threads,
                progress_bar,
                say_failures,
                refused=summary.refused,
                accept_loss=accept_loss,
                allow_future_dates=allow_future_dates,
            )
        except BuildHeld as held:
            if as_json:
                print_json({"held": held.losses, "refused": summary.refusals()})
            raise
    say_publication(warehouse, publication, result, as_json, summary)
    if summary.has_new_refusals:
        click.get_current_context().exit(FILES_REFUSED)


@click.command()
@LANDING
@WAREHOUSE
@click.option("--day", type=DAY, help="Settlement day to work on. Default: yesterday, UK date.")
@click.option(
    "--expect",
    multiple=True,
    type=click.Choice(list(EXTRACTS)),
    default=("registration", "appointment", "migration"),
    show_default=True,
    help="An extract that must have a file of the day; may be given several times.",
)
@click.option(
    "--wait-minutes",
    type=click.FloatRange(0),
    default=0,
    show_default=True,
    help="How long to wait for expected files.",
)
@click.option(
    "--notify",
    multiple=True,
    metavar="URL",
    help="Tell of new breaches and failed gates: an Apprise URL (mailto://, json://, ...). "
    "Default: those in MHHS_NOTIFY; none, no notice.",
)
@click.option("--keep", type=click.IntRange(2), help="As in publish: delete older publications.")
@MAX_RATIO
@ALLOW_FUTURE_DATES
@ACCEPT_LOSS
@MEMORY
@THREADS
@JSON
def daily(
    landing: Path,
    root: Path,
    day: Any,
    expect: tuple[str, ...],
    wait_minutes: float,
    notify: tuple[str, ...],
    keep: int | None,
    allow_future_dates: bool,
    accept_loss: bool,
    memory_limit: str | None,
    threads: int,
    as_json: bool,
) -> None:
    """The whole work of a day, for a timer to start.

    Waits for the day's files, loads, builds, tests, publishes, compares with the publication
    before, writes standing lists and a summary into exports/daily/<day>, and tells whom you name.
    The exit code is 6 if expected files did not come, 8 if the build is held because data is
    missing, and 7 if it is published although a file that no earlier run has seen was refused.
    """
    from pipeline.daily import FilesMissing, in_words, wait, yesterday
    from pipeline.daily import daily as run_daily
    from pipeline.keeping import prune
    from pipeline.notice import addresses

    warehouse, chosen = Warehouse(root), _day(day) or yesterday()
    replace_exposed_key(root)
    try:
        wait(warehouse, landing, chosen, expect, wait_minutes * 60)
    except FilesMissing as error:
        if as_json:
            print_json({"as_of": chosen, "missing": error.missing, "publication_id": None})
        raise
    with warehouse_lock(root):
        summary = run_daily(
            warehouse,
            landing,
            chosen,
            notify=addresses(notify),
            accept_loss=accept_loss,
            allow_future_dates=allow_future_dates,
            memory_limit=memory_limit,
            threads=threads,
            bar=progress_bar,
            say_failures=say_failures,
        )
        pruned = prune(warehouse, keep) if keep else None
    if as_json:
        print_json(summary)
    else:
        for line in in_words(summary):
            say(line)
    if pruned is not None:
        say_pruned(pruned)
    if any(file["first_seen"] for file in summary["refused"]):
        click.get_current_context().exit(FILES_REFUSED)
