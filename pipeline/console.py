"""What the commands share on the terminal: options, the progress bar, what is said at the end."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import duckdb
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from pipeline import signals
from pipeline.contracts import MOST_TIMES_UNPACKED, Extract
from pipeline.errors import PipelineError
from pipeline.layout import Warehouse
from pipeline.machine import cores
from pipeline.visible import visible

if TYPE_CHECKING:
    from pipeline.build import BuildResult
    from pipeline.comparison import Comparison
    from pipeline.intake import LoadSummary
    from pipeline.keeping import Pruned
    from pipeline.publication import Publication

Report = Callable[[str, float], None]


class _Terminal(Console):
    def on_broken_pipe(self) -> None:
        """Leave the exit code to `Teaching`."""
        raise BrokenPipeError


_console = _Terminal(stderr=True)

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
    "accepted registration files that is not after today.",
)
ALLOW_SHRUNK = click.option(
    "--allow-shrunk",
    is_flag=True,
    help="Accept a full that has lost more than a fifth of the rows of the full before it.",
)
ALLOW_FUTURE_DATES = click.option(
    "--allow-future-dates",
    is_flag=True,
    help="Accept files dated more than 7 days after today, and let a day after today become "
    "current.",
)
ACCEPT_LOSS = click.option(
    "--accept-loss",
    is_flag=True,
    help="Publish although data is missing that would hold the build: a full that was refused, "
    "a state that lost more than a fifth of its rows, or an extract without a file. The "
    "publication says so on every page.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


def _memory(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[0-9]+(\.[0-9]+)? ?[KMGT]i?B", value):
        raise click.BadParameter(f"write a size such as 3GB or 600MB, not {value!r}")
    return value


MEMORY = click.option(
    "--memory-limit",
    callback=_memory,
    help="Memory for DuckDB, e.g. 3GB; it spills to disk beyond it. Default: half of what this "
    "process may use, at most 4 GB.",
)
THREADS = click.option(
    "--threads",
    type=click.IntRange(1),
    default=cores,
    help="Default: every core that this process may use.",
)


def _max_ratio(_context: click.Context, _option: click.Parameter, value: int) -> None:
    from pipeline.intake.stored import allow_ratio

    allow_ratio(value)


MAX_RATIO = click.option(
    "--max-ratio",
    type=click.IntRange(1),
    default=MOST_TIMES_UNPACKED,
    show_default=True,
    callback=_max_ratio,
    expose_value=False,
    help="Refuse a compressed file that unpacks to more than 1 GiB and more than so many times its "
    "size.",
)
MAKE_CURRENT = click.option(
    "--make-current",
    is_flag=True,
    help="Point readers at this publication even if a later as-of day is current.",
)


def say(line: str) -> None:
    """A line of the result, on standard output."""
    print(visible(line))


def tell(line: str) -> None:
    """A line about the work, on standard error."""
    print(visible(line), file=sys.stderr)


def _say_error(message: str) -> None:
    # Indented, what follows a line break in a file name cannot pass for a line of ours.
    text = "\n  ".join(map(visible, message.split("\n")))
    _console.print("[bold red]Error:[/] ", end="")
    _console.print(text, highlight=False, soft_wrap=True, markup=False)


class Teaching(click.Group):
    """Turns an error that the user can mend into one sentence and its exit code."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().main(*arguments, **options)
        except SystemExit as ended:
            # Click ends with 1, which is that of a failed gate.
            if isinstance(ended.__context__, BrokenPipeError):
                sys.exit(signals.BROKEN_PIPE)
            raise

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return self._teach(ctx)
        except BaseException as error:
            # What a library made of the interrupt is no news.
            if isinstance(error, KeyboardInterrupt) or signals.has_arrived():
                sys.exit(signals.INTERRUPTED)
            if isinstance(error, BrokenPipeError) and signals.reader_is_gone():
                sys.exit(signals.BROKEN_PIPE)
            raise

    def _teach(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PipelineError as error:
            if not signals.has_arrived():
                _say_error(str(error))
            sys.exit(error.exit_code)
        except BrokenPipeError:
            raise
        except (
            OSError,
            duckdb.IOException,
            duckdb.OutOfMemoryException,
            duckdb.TransactionException,  # a commit for which the disk has no space
        ) as error:
            if not signals.has_arrived():
                _say_error(
                    f"{error}. The last publication remains current; mend the cause and run again."
                )
            sys.exit(PipelineError.exit_code)


@contextmanager
def progress_bar(title: str) -> Iterator[Report]:
    """A progress bar on stderr; on anything but a terminal one line when the work is done."""
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.fields[title]:<9}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
        console=_console,
        disable=not _console.is_terminal,
    )
    with progress:
        task = progress.add_task("", title=title, total=1.0)
        yield lambda description, done: progress.update(
            task, description=visible(description), completed=done
        )
        progress.update(task, description="", completed=1.0)


def print_json(document: Any, indent: int | None = 2) -> None:
    """Print JSON that every parser reads: ASCII, and null for what is not a finite number."""
    print(json.dumps(_strict(document), indent=indent, allow_nan=False))


def _strict(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_strict(str(key)): _strict(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(each) for each in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, str):
        # A file name that is not UTF-8 has no other spelling in JSON.
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return value if value is None or isinstance(value, bool | int) else str(value)


def say_load(summary: LoadSummary, as_json: bool) -> None:
    from pipeline.intake.report import is_ahead

    if as_json:
        print_json([vars(file) for file in summary.files])
        return
    for file in summary.files:
        if file.outcome == "refused":
            tell(f"  {file.detail}")
    for file in summary.files:
        if file.outcome in ("accepted", "superseded") and is_ahead(file):
            tell(f"  {file.file} is dated {file.business_date}, in the future.")
    for stray in summary.strays:
        tell(f"  {stray} in the landing folder belongs to no extract: left alone.")
    soiled = [file for file in summary.files if file.quarantined or file.noted]
    for file in soiled[:SOILED_FILES_NAMED]:
        tell(f"  {file.detail}")
    if len(soiled) > SOILED_FILES_NAMED:
        tell(
            f"  … and {len(soiled) - SOILED_FILES_NAMED} more files with quarantined lines or "
            "noted values; marts.fct_quarantined_row and marts.fct_noted_value of the publication "
            "hold all of them."
        )
    taken = [file for file in summary.files if file.outcome in ("accepted", "superseded")]
    tell(
        f"Loaded {len(taken):,} of {len(summary.files):,} files: "
        f"{sum(file.accepted for file in taken):,} lines accepted, "
        f"{sum(file.quarantined for file in taken):,} quarantined, "
        f"{sum(file.repeated for file in taken):,} repeated, "
        f"{sum(file.noted for file in taken):,} values noted, "
        f"{sum(file.outcome == 'refused' for file in summary.files):,} files refused, "
        f"{sum(file.outcome == 'skipped' for file in summary.files):,} skipped"
    )


def say_contract(extract: Extract) -> None:
    """Print the contract of an extract, 80 columns wide where it is not a terminal."""
    from pipeline.contract_pages import FILES, type_in_words

    console = _Terminal(width=None if sys.stdout.isatty() else 80)
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
        say(rehearsal.outcome.detail)
        for (reason, column), lines in rehearsal.faults.items():
            say(f"  {lines:>9,}  {reason} {column or ''}".rstrip())
        for (reason, column), values in rehearsal.noted.items():
            say(f"  {values:>9,}  {reason} {column}: replaced by null, the lines are kept")
        for words in rehearsal.first:
            say(f"  {words}")
        if len(rehearsal.first) == FIRST_FAULTS:
            say("  and so on: only the first are shown.")
    if warehouse is None and not as_json:
        say("Not judged without --warehouse: SHRUNK, names taken, files already loaded.")
    soiled = [rehearsal.outcome.file for rehearsal in rehearsals if not rehearsal.is_clean]
    if soiled:
        raise PipelineError(f"{len(soiled)} of {len(paths)} files would not be taken whole.")


def say_failures(result: BuildResult) -> None:
    for failure in result.failures:
        first, *others = failure.message.split("\n")
        tell(f"FAILED {failure.name}: {first}")
        for line in others:
            tell(f"    {line}")
        for row in failure.rows:
            tell("    " + ", ".join(f"{name}={value}" for name, value in row.items()))


def say_publication(
    warehouse: Warehouse,
    publication: Publication,
    result: BuildResult,
    as_json: bool,
    summary: LoadSummary | None = None,
) -> None:
    from pipeline.publication import closing_summary, current_among, kept_and_pointed

    now = current_among(*kept_and_pointed(warehouse))
    is_current = now is not None and now.publication_id == publication.publication_id
    accepted = publication.manifest.get("accepted_loss", [])
    if as_json:
        document = publication.summary() | {"current": is_current, "accepted_loss": accepted}
        print_json(document | ({} if summary is None else {"refused": summary.refusals()}))
        return
    for line in closing_summary(publication):
        say(line)
    say(f"worked out   {_in_words(result.scope)}")
    say(f"tests        {result.tests} passed in {result.seconds:.0f} s with their models")
    for loss in accepted:
        say(f"loss accepted: {loss['message']}")
    if publication.is_ahead:
        say(
            f"{publication.as_of} is after today, so this publication does not become current; "
            "--allow-future-dates lets it."
        )
    elif not is_current:
        say("A publication of a later as-of day stays current; --make-current points readers here.")


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
        size = each.path.stat().st_size / 1e6
        say(f"{each.publication_id}  as of {each.as_of}  {size:>9,.1f} MB  {mark}".rstrip())


def say_pruned(pruned: Pruned) -> None:
    for name in pruned.deleted:
        tell(f"deleted {name}")
    for name in pruned.in_use:
        tell(f"left {name}: a process is reading it")


def say_last_failure(failure: dict[str, Any]) -> None:
    names = ", ".join(each["test"] for each in failure["failures"])
    what = "was held" if failure.get("held") else "failed its gate"
    tell(
        f"The build of {failure['failed_at']} for {failure['as_of']} {what}, "
        f"nothing was published: {names}"
    )
    if failure.get("held"):
        for each in failure["failures"]:
            tell(f"    {each['message']}")
    for each in failure["failures"]:
        for row in each["rows"]:
            tell("    " + ", ".join(f"{k}={v}" for k, v in row.items()))


def say_table(columns: Sequence[str], types: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Rows under their names; numbers to the right."""
    console = _Terminal(width=None if sys.stdout.isatty() else 200)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name, kind in zip(columns, types, strict=True):
        number = kind in ("DOUBLE", "FLOAT") or "INT" in kind or kind.startswith("DECIMAL")
        table.add_column(
            escape(visible(name)), justify="right" if number else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*("" if value is None else escape(visible(str(value))) for value in row))
    console.print(table)


def say_comparison(comparison: Comparison) -> None:
    """What moved by rule and cause, and every figure of the headline that is another."""
    document = comparison.document
    before, after = document["before"], document["after"]
    say(f"from  {before['publication_id']}  as of {before['as_of']}")
    say(f"to    {after['publication_id']}  as of {after['as_of']}")
    say("")
    totals: dict[tuple[str, str, str], int] = {}
    for row in document["changes"]:
        key = (row["rule_id"], row["change"], row["cause"])
        totals[key] = totals.get(key, 0) + row["exceptions"]
    for (rule, change, cause), count in sorted(totals.items()):
        say(f"{rule:<8}{change:<11}{cause:<12}{count:>12,}")
    if not totals:
        say("No exception was added, resolved or re-stated.")
    moved = [row for row in document["headline"] if row["before"] != row["after"] or row["real"]]
    if moved:
        say("")
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
    say(f"Every exception: {comparison.exceptions}")


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:,.6g}" if isinstance(value, float) else f"{value:,}"
