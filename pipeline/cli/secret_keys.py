"""The command that replaces the key of the pseudonyms, and what other commands do on upgrade."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.console import WAREHOUSE, say, tell
from pipeline.errors import PipelineError
from pipeline.keys import REPLACED, retire_exposed_key, rotate
from pipeline.layout import Warehouse


@click.command("rotate-key")
@WAREHOUSE
def rotate_key(root: Path) -> None:
    """Replace the key of the pseudonyms that analysts see instead of MPANs.

    Every h_... is another one from the next question on, without a restart. Do this when the key
    may have been read, when a pseudonym and its MPAN have become known, or as your rules say.
    """
    if not root.is_dir():
        raise PipelineError(f"There is no warehouse {root}: name its folder with --warehouse.")
    rotate(Warehouse(root))
    say(REPLACED)


def replace_exposed_key(root: Path) -> None:
    """Replace a key of an earlier version, and say so once."""
    if retire_exposed_key(Warehouse(root)):
        tell(f"{REPLACED} SQL could read the key of the earlier version.")
