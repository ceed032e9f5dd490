"""The commands that read publications: look, ask, export, compare, verify, roll back."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from pipeline import signals
from pipeline.cli.secret_keys import replace_exposed_key
from pipeline.console import (
    JSON,
    MEMORY,
    THREADS,
    WAREHOUSE,
    print_json,
    progress_bar,
    say,
    say_comparison,
    say_last_failure,
    say_table,
)
from pipeline.errors import NoPublication
from pipeline.export_lists import LIST_FORMATS, LISTS, format_of, parse_filters
from pipeline.layout import Warehouse
from pipeline.locking import warehouse_lock


@click.command()
@WAREHOUSE
@JSON
def info(root: Path, as_json: bool) -> None:
    """Show the current publication: where it is, its as-of day, its gate."""
    from pipeline.publication import current, last_failure

    warehouse = Warehouse(root)
    failure = last_failure(warehouse)
    try:
        publication = current(warehouse)
    except NoPublication:
        if failure is not None:
            say_last_failure(failure)
        raise
    if as_json:
        print_json(publication.summary() | {"last_failure": failure})
        return
    manifest = publication.manifest
    say(f"publication  {publication.publication_id}")
    say(f"as of        {manifest['as_of']}")
    say(f"built at     {manifest['built_at']}")
    say(f"gate         {manifest['gate']} ({manifest['tests']['passed']} tests)")
    say(f"file         {publication.path}")
    if failure is not None:
        say_last_failure(failure)


@click.command()
@WAREHOUSE
@click.option(
    "--list",
    "list_name",
    type=click.Choice(list(LISTS)),
    default="exceptions",
    show_default=True,
    help="The list.",
)
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
    type=click.Choice(LIST_FORMATS),
    help="Default: as the name of the file ends.",
)
@click.option("--publication", help="Of this one; the beginning of its id will do.")
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
    file_format: str | None,
    publication: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Write every row of a list that the filters select: the file of the dashboard's Download.

    In a CSV, text that a spreadsheet would run as a formula gets a leading apostrophe. An XLSX
    holds 1,048,575 rows at most; more are refused, never cut. A filter that the list does not have
    is answered with those that it has.
    """
    from pipeline.export import export as run_export
    from pipeline.keeping import find
    from pipeline.publication import current

    warehouse = Warehouse(root)
    chosen = format_of(out, LIST_FORMATS, file_format)
    asked = find(warehouse, publication) if publication else current(warehouse)
    manifest = run_export(asked.path, out, parse_filters(words), columns or None, chosen, list_name)
    if as_json:
        print_json(manifest)
    else:
        say(
            f"{out.with_name(manifest['file'])}: {manifest['rows']:,} rows, "
            f"{manifest['bytes']:,} bytes, sha256 {manifest['sha256']}"
        )


@click.command()
@WAREHOUSE
@click.option("--publication", help="Of this one; the beginning of its id will do.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="PDF to write; a manifest is written beside it.",
)
@JSON
def report(root: Path, publication: str | None, out: Path, as_json: bool) -> None:
    """Write the board report: a tagged PDF (PDF/UA) of one publication, for the meeting.

    Headline, Suppliers, breaches and method, with the publication on every page. It holds no MPAN.
    The same publication gives the same bytes, here and from the dashboard.
    """
    from streamlit.logger import set_log_level

    from pipeline.keeping import find
    from pipeline.publication import current

    format_of(out, ["pdf"])
    warehouse = Warehouse(root)
    asked = find(warehouse, publication) if publication else current(warehouse)
    os.environ["MHHS_WAREHOUSE"] = str(root.resolve())
    set_log_level("error")  # caches without a server are no news here
    from dashboards.report.making import make_of

    manifest = make_of(asked.publication_id, out)
    if as_json:
        print_json(manifest)
    else:
        say(f"{out}: {manifest['bytes']:,} bytes, sha256 {manifest['sha256']}")


@click.command()
@WAREHOUSE
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option("--headless", is_flag=True, help="Do not open a browser.")
@click.option(
    "--access",
    "access_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Settings of the sign-in (TOML); also MHHS_ACCESS.",
)
@click.option(
    "--address",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. Another than this machine's needs a sign-in provider.",
)
def dashboard(
    root: Path, port: int, headless: bool, access_file: Path | None, address: str
) -> None:
    """Open the dashboards on the current publication.

    Without a sign-in provider they answer on this machine alone, and the one reader has every
    role. docs/access.md sets one up.
    """
    from dashboards.access import settings
    from dashboards.serve import command, require_free

    replace_exposed_key(root)
    argv, environment = command(root.resolve(), port, headless, address, access_file)
    require_free(address, port)
    access = settings(environment)
    shown = access.address if access else f"http://{address}:{port}"
    say(f"Dashboard: {shown} (Ctrl+C stops it)")
    sys.stdout.flush()
    signals.be_quiet()
    sys.exit(signals.serve(argv, os.environ | environment))


@click.command()
@WAREHOUSE
@click.argument("statement")
@click.option("--publication", help="Ask this one; the beginning of its id will do.")
@click.option("--json", "as_json", is_flag=True, help="Rows as JSON objects, one per line.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every row to this file, .csv or .parquet, with a manifest beside it.",
)
def sql(
    root: Path, statement: str, publication: str | None, as_json: bool, out: Path | None
) -> None:
    """Ask a publication: one SQL statement, read-only.

    Its marts are there by name (`from rpt_m14_headline`), those of the other kept publications as
    p_<id with underscores>.marts.<mart>. All of them are listed by `publish --list`.

    \b
    python -m pipeline sql "select rule_id, count(*) from fct_exception group by all"
    """
    from pipeline.export import FORMATS
    from pipeline.query import ask, ask_into_file

    if out is not None:
        file_format = format_of(out, FORMATS)
        manifest = ask_into_file(Warehouse(root), statement, out, file_format, publication)
        if as_json:
            print_json(manifest)
        else:
            say(f"{out.with_name(manifest['file'])}: {manifest['rows']:,} rows")
        return
    columns, types, rows = ask(Warehouse(root), statement, publication)
    if as_json:
        for row in rows:
            print_json(dict(zip(columns, row, strict=True)), indent=None)
    else:
        say_table(columns, types, rows)


@click.command()
@WAREHOUSE
@click.argument("before")
@click.argument("after", required=False)
@MEMORY
@THREADS
@JSON
def compare(
    root: Path,
    before: str,
    after: str | None,
    memory_limit: str | None,
    threads: int,
    as_json: bool,
) -> None:
    """Say what moved between two publications, and whether the world did or a correction came.

    BEFORE and AFTER are ids, of which the beginning will do; without AFTER the current one is
    taken. The rules are run once more, on the day of BEFORE with the files of AFTER: what differs
    from BEFORE is a correction, the rest is real. The result is kept, and shown on the dashboard.
    """
    from pipeline.compare import compare as run_compare
    from pipeline.keeping import find
    from pipeline.publication import current

    warehouse = Warehouse(root)
    earlier = find(warehouse, before)
    later = find(warehouse, after) if after else current(warehouse)
    with warehouse_lock(root), progress_bar("compare") as report:
        comparison = run_compare(
            warehouse, earlier, later, memory_limit=memory_limit, threads=threads, progress=report
        )
    if as_json:
        print_json(comparison.document | {"exceptions": str(comparison.exceptions)})
    else:
        say_comparison(comparison)


@click.command()
@WAREHOUSE
@click.argument("publication", required=False)
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Every kept publication and the exception ledger, not the current alone.",
)
@JSON
def verify(root: Path, publication: str | None, every: bool, as_json: bool) -> None:
    """Recompute hash and checksums of a publication and compare them with its manifest.

    The exit code is 3 if something is not as it was published.
    """
    from pipeline.keeping import NotWhole, find
    from pipeline.keeping import verify as run_verify
    from pipeline.ledger import faults as ledger_faults
    from pipeline.publication import current, publications

    warehouse = Warehouse(root)
    if every:
        chosen = publications(warehouse)
    else:
        chosen = [find(warehouse, publication) if publication else current(warehouse)]
    with progress_bar("verify") as report:
        faults = run_verify(warehouse, chosen, report)
        if every:
            faults += ledger_faults(warehouse)
    if as_json:
        verified = [each.summary() | {"marts": len(each.manifest["marts"])} for each in chosen]
        print_json({"publications": verified, "faults": faults})
    if faults:
        raise NotWhole("\n".join(faults))
    for each in [] if as_json else chosen:
        say(f"{each.publication_id}: whole, {len(each.manifest['marts'])} marts as published")


@click.command()
@WAREHOUSE
@click.argument("publication", required=False)
@JSON
def rollback(root: Path, publication: str | None, as_json: bool) -> None:
    """Point readers at a kept publication; without an id at the one made before the current.

    The publication is verified first. Nothing is deleted; the next run of the same or a later
    as-of day points readers at what it publishes.
    """
    from pipeline.keeping import rollback as run_rollback

    with warehouse_lock(root):
        target = run_rollback(Warehouse(root), publication)
    if as_json:
        print_json(target.summary() | {"current": True})
    else:
        say(f"Readers now see {target.publication_id}, as of {target.as_of}.")
