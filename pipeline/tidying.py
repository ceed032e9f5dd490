"""What every command that writes does first, and the server when it starts."""

from __future__ import annotations

from contextlib import suppress

from pipeline.journal import note
from pipeline.layout import Warehouse
from pipeline.leftovers import sweep_exports
from pipeline.modes import mend


def tidy(warehouse: Warehouse) -> None:
    """Take permissions back that files should not have, and remove what dead processes left."""
    with suppress(OSError):
        left = mend(warehouse)
        if left:
            note(
                warehouse,
                "files_not_private",
                level="warning",
                files=len(left),
                first=left[0],
                why="another account owns them: use `chown`, or run as that account",
            )
    with suppress(OSError):
        sweep_exports(warehouse)
