"""The command that takes an accepted file back."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.console import JSON, WAREHOUSE, print_json, say
from pipeline.layout import Warehouse
from pipeline.locking import warehouse_lock


@click.command()
@click.argument("file")
@WAREHOUSE
@click.option("--sha256", help="Only the supply whose sha256 begins so.")
@JSON
def withdraw(file: str, root: Path, sha256: str | None, as_json: bool) -> None:
    """Take an accepted file back, for example one with a mistyped date.

    FILE is its name, <extract>/<name> or its path. Every accepted supply of the name is taken back
    unless you choose one with --sha256. The file stays on record as withdrawn. The same content
    under the same name is not loaded again; other content under the name is a new supply. The next
    run or publish builds without the file.
    """
    from pipeline.intake.withdrawal import withdraw as take_back
    from pipeline.journal import note

    if sha256 is not None and not sha256.strip():
        raise click.BadParameter("is empty: give the beginning of a sha256", param_hint="--sha256")
    warehouse = Warehouse(root)
    with warehouse_lock(root):
        found = take_back(root, file, (sha256 or "").lower())
        for each in found:
            if not each.was_withdrawn:
                note(warehouse, "file_withdrawn", file=each.file, sha256=each.sha256)
    if as_json:
        print_json([vars(each) for each in found])
        return
    for each in found:
        supply = f"{each.file} ({each.sha256[:16]})"
        if each.was_withdrawn:
            say(f"{supply} was withdrawn before.")
        else:
            say(f"{supply} is withdrawn: {each.accepted:,} accepted lines are taken back.")
    say(
        "Publications that exist stay as they are. "
        f"`python -m pipeline publish --warehouse {root}` builds without the file."
    )
