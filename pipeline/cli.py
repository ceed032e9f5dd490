"""The command line: `python -m pipeline COMMAND`.

Exit codes: 0 done; 1 the gate failed and nothing was published; 2 wrong usage; 3 something the user
can mend, said in one sentence; 4 no publication to read; 5 another run holds the warehouse.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import date
from pathlib import Path
from typing import Any

import click

from pipeline.console import (
    ALLOW_SHRUNK,
    AS_OF,
    DAY,
    JSON,
    LANDING,
    MAKE_CURRENT,
    MEMORY,
    THREADS,
    WAREHOUSE,
    Teaching,
    print_json,
    progress_bar,
    rehearse_files,
    say_contract,
    say_failures,
    say_load,
    say_publication,
)
from pipeline.contracts import EXTRACTS
from pipeline.errors import GateFailed, PipelineError
from pipeline.layout import Warehouse
from pipeline.locking import warehouse_lock


@click.group(cls=Teaching, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """MHHS readiness warehouse: who holds Metering Points without being Qualified?

    \b
    A day's work:      python -m pipeline run --landing LANDING --warehouse WAREHOUSE
    Look at it:        python -m pipeline dashboard --warehouse WAREHOUSE
    Try it on a market made up for the purpose:
                       python -m pipeline simulate --points 100000 --from 2026-10-01
                         --to 2026-11-10 --landing LANDING

    Exit codes: 0 done; 1 the gate failed, nothing was published; 2 wrong usage; 3 an error you can
    mend; 4 no publication to read; 5 another run holds the warehouse.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _day(value: Any) -> date | None:
    return value.date() if value else None


@main.command()
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
        click.echo(f"{landing}: {summary.files:,} files, {summary.bytes / 1e6:,.0f} MB: {rows}")


@main.command()
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
                click.echo(path, err=as_json)
    elif as_json:
        print_json([document(extract) for extract in chosen])
    else:
        for extract in chosen:
            say_contract(extract)


@main.command()
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
@MEMORY
@THREADS
@JSON
def load(
    landing: Path | None,
    to_check: tuple[Path, ...],
    root: Path | None,
    allow_shrunk: bool,
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
        summary = load_files(Warehouse(root), landing, allow_shrunk, memory_limit, threads, report)
    say_load(summary, as_json)


@main.command()
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
        click.echo(
            f"Built {result.models} models and ran {result.tests} tests for {result.as_of} "
            f"in {result.seconds:.0f} s: {warehouse.build_database}"
        )
    if not result.passed:
        raise GateFailed(f"{len(result.failures)} tests or models failed; see above.")


@main.command()
@WAREHOUSE
@MAKE_CURRENT
@AS_OF
@MEMORY
@THREADS
@JSON
def publish(
    root: Path,
    make_current: bool,
    as_of: Any,
    memory_limit: str | None,
    threads: int,
    as_json: bool,
) -> None:
    """Build for a day and, if every test passes, publish.

    Only what was tested in the same breath is published, so this always builds.
    """
    from pipeline.run import build_and_publish

    with warehouse_lock(root):
        publication, result = build_and_publish(
            Warehouse(root),
            _day(as_of),
            make_current,
            memory_limit,
            threads,
            progress_bar,
            say_failures,
        )
    say_publication(Warehouse(root), publication, result, as_json)


@main.command()
@LANDING
@WAREHOUSE
@AS_OF
@ALLOW_SHRUNK
@MAKE_CURRENT
@MEMORY
@THREADS
@JSON
def run(
    landing: Path,
    root: Path,
    as_of: Any,
    allow_shrunk: bool,
    make_current: bool,
    memory_limit: str | None,
    threads: int,
    as_json: bool,
) -> None:
    """Load, build, test and publish: everything a day needs.

    Interrupt it at any moment; the next run takes up where it has to. Readers keep the last
    publication until the new one has passed every test.
    """
    from pipeline.run import build_and_publish, load_files

    warehouse = Warehouse(root)
    with warehouse_lock(root):
        with progress_bar("load") as report:
            summary = load_files(warehouse, landing, allow_shrunk, memory_limit, threads, report)
        say_load(summary, False)
        publication, result = build_and_publish(
            warehouse, _day(as_of), make_current, memory_limit, threads, progress_bar, say_failures
        )
    say_publication(warehouse, publication, result, as_json)


@main.command()
@WAREHOUSE
@JSON
def info(root: Path, as_json: bool) -> None:
    """Show the current publication: where it is, its as-of day, its gate."""
    from pipeline.publication import current

    publication = current(Warehouse(root))
    if as_json:
        print_json(publication.summary())
        return
    manifest = publication.manifest
    click.echo(f"publication  {publication.publication_id}")
    click.echo(f"as of        {manifest['as_of']}")
    click.echo(f"built at     {manifest['built_at']}")
    click.echo(f"gate         {manifest['gate']} ({manifest['tests']['passed']} tests)")
    click.echo(f"file         {publication.path}")


@main.command()
@WAREHOUSE
@click.option("--list", "list_name", default="exceptions", show_default=True, help="The list.")
@click.option(
    "--filter",
    "words",
    multiple=True,
    metavar="NAME=VALUE",
    help="Narrow the list, e.g. rule_id=SUP-01; a name given twice takes either value.",
)
@click.option("--column", "columns", multiple=True, help="Only these columns. Default: all.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "parquet"]),
    default="csv",
    show_default=True,
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="File to write; a manifest is written beside it. {rows} stands for the number of rows.",
)
@JSON
def export(
    root: Path,
    list_name: str,
    words: tuple[str, ...],
    columns: tuple[str, ...],
    file_format: str,
    out: Path,
    as_json: bool,
) -> None:
    """Write every row of a list that the filters select, as the dashboard's Download does.

    In a CSV, text that a spreadsheet would run as a formula gets a leading apostrophe.
    """
    from pipeline.export import export as run_export
    from pipeline.export import parse_filters
    from pipeline.publication import current

    publication = current(Warehouse(root))
    manifest = run_export(
        publication.path, out, parse_filters(words), columns or None, file_format, list_name
    )
    if as_json:
        print_json(manifest)
    else:
        click.echo(
            f"{out.with_name(manifest['file'])}: {manifest['rows']:,} rows, "
            f"{manifest['bytes']:,} bytes, sha256 {manifest['sha256']}"
        )


@main.command()
@WAREHOUSE
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option("--headless", is_flag=True, help="Do not open a browser.")
def dashboard(root: Path, port: int, headless: bool) -> None:
    """Open the dashboards on the current publication, on this machine alone."""
    from dashboards.serve import command

    argv, environment = command(root.resolve(), port, headless)
    click.echo(f"Dashboard: http://127.0.0.1:{port} (Ctrl+C stops it)")
    sys.stdout.flush()
    os.execvpe(argv[0], argv, os.environ | environment)
