"""What the commands share on the terminal: options, the progress bar, what is said at the end."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import duckdb
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from pipeline.contracts import Extract
from pipeline.errors import PipelineError
from pipeline.layout import Warehouse

if TYPE_CHECKING:
    from pipeline.build import BuildResult
    from pipeline.comparison import Comparison
    from pipeline.intake import LoadSummary
    from pipeline.keeping import Pruned
    from pipeline.publication import Publication

Report = Callable[[str, float], None]

INTERRUPTED = 130

_console = Console(stderr=True)

SOILED_FILES_NAMED = 5

DAY = click.DateTime(formats=["%Y-%m-%d"])
WAREHOUSE = click.option(
    "--warehouse",
    "root",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("warehouse"),
    show_default=True,
    help="Folder that holds everything generated.",
)
LANDING = click.option(
    "--landing",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Folder with the extracts: <landing>/<extract>/<extract>_<kind>_<YYYYMMDD>.<ext>.",
)
AS_OF = click.option(
    "--as-of",
    type=DAY,
    help="Day to build for, on what was known by then. Default: the newest business date of the "
    "accepted registration files.",
)
ALLOW_SHRUNK = click.option(
    "--allow-shrunk",
    is_flag=True,
    help="Accept a full that has lost more than a fifth of the rows of the full before it.",
)
ALLOW_FUTURE_DATES = click.option(
    "--allow-future-dates",
    is_flag=True,
    help="Accept files whose business date is more than 7 days after today.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def _memory(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[0-9]+(\.[0-9]+)? ?[KMGT]i?B", value):
        raise click.BadParameter(f"write a size such as 3GB or 600MB, not {value!r}")
    return value


MEMORY = click.option(
    "--memory-limit",
    callback=_memory,
    help="Memory for DuckDB, e.g. 3GB; it spills to disk beyond it. Default: half of the "
    "machine, at most 4 GB.",
)
THREADS = click.option(
    "--threads", type=click.IntRange(1), default=os.cpu_count() or 2, help="Default: all cores."
)
MAKE_CURRENT = click.option(
    "--make-current",
    is_flag=True,
    help="Point readers at this publication even if a later as-of day is current.",
)


def _say_error(message: str) -> None:
    _console.print("[bold red]Error:[/] ", end="")
    _console.print(message, highlight=False, soft_wrap=True, markup=False)


class Teaching(click.Group):
    """Turns an error that the user can mend into one sentence and its exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PipelineError as error:
            _say_error(str(error))
            sys.exit(error.exit_code)
        except (
            OSError,
            duckdb.IOException,
            duckdb.OutOfMemoryException,
            duckdb.TransactionException,  # a commit for which the disk has no space
        ) as error:
            _say_error(f"{error}. The last publication stands; mend the cause and run again.")
            sys.exit(PipelineError.exit_code)
        except KeyboardInterrupt:
            _say_error("Interrupted. Nothing is half done: run again to take it up.")
            sys.exit(INTERRUPTED)


@contextmanager
def progress_bar(title: str) -> Iterator[Report]:
    """A progress bar on stderr; on anything but a terminal one line when the work is done."""
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.fields[title]:<9}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=_console,
        disable=not _console.is_terminal,
    )
    with progress:
        task = progress.add_task("", title=title, total=1.0)
        yield lambda description, done: progress.update(
            task, description=description, completed=done
        )
        progress.update(task, description="", completed=1.0)


def print_json(document: Any, indent: int | None = 2) -> None:
    click.echo(json.dumps(document, indent=indent, default=str, ensure_ascii=False))


def say_load(summary: LoadSummary, as_json: bool) -> None:
    from pipeline.intake.report import is_ahead

    if as_json:
        print_json([vars(file) for file in summary.files])
        return
    for file in summary.files:
        if file.outcome == "refused":
            click.echo(f"  {file.detail}", err=True)
    for file in summary.files:
        if file.outcome in ("accepted", "superseded") and is_ahead(file):
            click.echo(f"  {file.file} speaks for {file.business_date}, a day to come.", err=True)
    for stray in summary.strays:
        click.echo(f"  {stray} in the landing folder belongs to no extract: left alone.", err=True)
    soiled = [file for file in summary.files if file.quarantined or file.noted]
    for file in soiled[:SOILED_FILES_NAMED]:
        click.echo(f"  {file.detail}", err=True)
    if len(soiled) > SOILED_FILES_NAMED:
        click.echo(
            f"  … and {len(soiled) - SOILED_FILES_NAMED} more files with quarantined lines or "
            "noted values; marts.fct_quarantined_row and marts.fct_noted_value of the publication "
            "hold all of them.",
            err=True,
        )
    taken = [file for file in summary.files if file.outcome in ("accepted", "superseded")]
    click.echo(
        f"Loaded {len(taken):,} of {len(summary.files):,} files: "
        f"{sum(file.accepted for file in taken):,} lines accepted, "
        f"{sum(file.quarantined for file in taken):,} quarantined, "
        f"{sum(file.repeated for file in taken):,} repeated, "
        f"{sum(file.noted for file in taken):,} values noted, "
        f"{sum(file.outcome == 'refused' for file in summary.files):,} files refused, "
        f"{sum(file.outcome == 'skipped' for file in summary.files):,} skipped",
        err=True,
    )


def say_contract(extract: Extract) -> None:
    """Print the contract of an extract, 80 columns wide where it is not a terminal."""
    from pipeline.contract_pages import FILES, type_in_words

    console = Console(width=None if sys.stdout.isatty() else 80)
    console.print(f"[bold]{extract.name}[/] {extract.description}", highlight=False)
    console.print(FILES.format(name=extract.name), highlight=False, markup=False)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in ("column", "", "a value is", "notes"):
        table.add_column(title, overflow="fold")
    for column in extract.columns:
        name = f"[bold]{column.name}[/]" if column.name in extract.key else column.name
        sign = "required" if column.required else ""
        table.add_row(name, sign, type_in_words(column), column.description)
    console.print(table)
    console.print(f"Key: {', '.join(extract.key)}.\n", highlight=False)


def rehearse_files(paths: Sequence[Path], warehouse: Path | None, as_json: bool) -> None:
    """Say what would become of files; ends with an error if one would not be taken whole."""
    from pipeline.intake.rehearsal import FIRST_FAULTS, check

    rehearsals = [check(path, warehouse) for path in paths]
    if as_json:
        print_json([rehearsal.document() for rehearsal in rehearsals])
    for rehearsal in [] if as_json else rehearsals:
        click.echo(rehearsal.outcome.detail)
        for (reason, column), lines in rehearsal.faults.items():
            click.echo(f"  {lines:>9,}  {reason} {column or ''}".rstrip())
        for (reason, column), values in rehearsal.noted.items():
            click.echo(f"  {values:>9,}  {reason} {column}: replaced by null, the lines are kept")
        for words in rehearsal.first:
            click.echo(f"  {words}")
        if len(rehearsal.first) == FIRST_FAULTS:
            click.echo("  and so on: only the first are shown.")
    if warehouse is None and not as_json:
        click.echo("Not judged without --warehouse: SHRUNK, names taken, files already loaded.")
    soiled = [rehearsal.outcome.file for rehearsal in rehearsals if not rehearsal.is_clean]
    if soiled:
        raise PipelineError(f"{len(soiled)} of {len(paths)} files would not be taken whole.")


def say_failures(result: BuildResult) -> None:
    for failure in result.failures:
        click.echo(f"FAILED {failure.name}: {failure.message}", err=True)
        for row in failure.rows:
            click.echo(
                "    " + ", ".join(f"{name}={value}" for name, value in row.items()), err=True
            )


def say_publication(
    warehouse: Warehouse, publication: Publication, result: BuildResult, as_json: bool
) -> None:
    from pipeline.publication import closing_summary, current

    is_current = current(warehouse).publication_id == publication.publication_id
    if as_json:
        print_json(publication.summary() | {"current": is_current})
        return
    for line in closing_summary(publication):
        click.echo(line)
    click.echo(f"worked out   {_in_words(result.scope)}")
    click.echo(f"tests        {result.tests} passed in {result.seconds:.0f} s with their models")
    if not is_current:
        click.echo(
            "A publication of a later as-of day stays current; --make-current points readers here."
        )


def _in_words(scope: dict[str, Any]) -> str:
    if "points" in scope:
        return (
            f"{scope['points']:,} of {scope['of']:,} points; the rest stands since {scope['since']}"
        )
    return f"everything: {scope['because']}"


def say_list(warehouse: Warehouse, as_json: bool) -> None:
    """Every kept publication, newest first."""
    from pipeline.publication import current, publications

    current_id = current(warehouse).publication_id
    kept = publications(warehouse)
    if as_json:
        print_json([p.summary() | {"current": p.publication_id == current_id} for p in kept])
        return
    for each in kept:
        mark = "current" if each.publication_id == current_id else ""
        size = each.manifest["bytes"] / 1e6
        click.echo(f"{each.publication_id}  as of {each.as_of}  {size:>9,.1f} MB  {mark}".rstrip())


def say_pruned(pruned: Pruned) -> None:
    for name in pruned.deleted:
        click.echo(f"deleted {name}", err=True)
    for name in pruned.in_use:
        click.echo(f"left {name}: somebody reads it", err=True)


def say_last_failure(failure: dict[str, Any]) -> None:
    names = ", ".join(each["test"] for each in failure["failures"])
    click.echo(
        f"The build of {failure['failed_at']} for {failure['as_of']} failed its gate, "
        f"nothing was published: {names}",
        err=True,
    )
    for each in failure["failures"]:
        for row in each["rows"]:
            click.echo("    " + ", ".join(f"{k}={v}" for k, v in row.items()), err=True)


def say_table(columns: Sequence[str], types: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Rows under their names; numbers to the right."""
    console = Console(width=None if sys.stdout.isatty() else 200)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name, kind in zip(columns, types, strict=True):
        number = kind in ("DOUBLE", "FLOAT") or "INT" in kind or kind.startswith("DECIMAL")
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else escape(str(value)) for value in row))
    console.print(table)


def say_comparison(comparison: Comparison) -> None:
    """What moved by rule and cause, and every figure of the headline that is another."""
    document = comparison.document
    before, after = document["before"], document["after"]
    click.echo(f"from  {before['publication_id']}  as of {before['as_of']}")
    click.echo(f"to    {after['publication_id']}  as of {after['as_of']}\n")
    totals: dict[tuple[str, str, str], int] = {}
    for row in document["changes"]:
        key = (row["rule_id"], row["change"], row["cause"])
        totals[key] = totals.get(key, 0) + row["exceptions"]
    for (rule, change, cause), count in sorted(totals.items()):
        click.echo(f"{rule:<8}{change:<11}{cause:<12}{count:>12,}")
    if not totals:
        click.echo("No exception was added, resolved or re-stated.")
    moved = [row for row in document["headline"] if row["before"] != row["after"] or row["real"]]
    if moved:
        click.echo("")
        say_table(
            ["figure", "before", "real", "correction", "after"],
            ["", *["DOUBLE"] * 4],
            [
                (
                    row["figure"],
                    *(_short(row[k]) for k in ("before", "real", "correction", "after")),
                )
                for row in moved
            ],
        )
    click.echo(f"Every exception: {comparison.exceptions}")


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:,.6g}" if isinstance(value, float) else f"{value:,}"
