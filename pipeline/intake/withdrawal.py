"""Takes accepted files back: they stay on record, and nothing of them is in any state from then on.

The rows stay in the lake. A comparison with an earlier publication still needs what that one held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path, PurePath

from pipeline.errors import PipelineError
from pipeline.intake.log import Entry, LoadLog

_NEAR_NAMES = 3


@dataclass(frozen=True)
class Withdrawal:
    """One supply of a file; `was_withdrawn` says that an earlier call had taken it back."""

    file: str
    sha256: str
    accepted: int
    was_withdrawn: bool


def withdraw(warehouse: Path, file: str, sha256: str = "") -> list[Withdrawal]:
    """Take back every accepted supply of a file, or those whose sha256 begins so.

    `file` is `<extract>/<name>`, its name alone, or its path. Takes no lock: hold
    `pipeline.locking.warehouse_lock`. Each supply is taken back by one line of the load log, so a
    call that was killed is finished by the same call.
    """
    log = LoadLog(warehouse)
    named = _named(log.entries, file)
    found = [entry for entry in named if entry.error is None and entry.sha256.startswith(sha256)]
    if not found:
        raise PipelineError(_nothing_found(log.entries, named, file, sha256))
    for entry in found:
        if not entry.withdrawn:
            log.append(replace(entry, withdrawn=True))
    return [Withdrawal(e.file, e.sha256, e.accepted, e.withdrawn) for e in found]


def _named(entries: Sequence[Entry], file: str) -> list[Entry]:
    tail = "/".join(PurePath(file).parts[-2:])
    exact = [entry for entry in entries if entry.file == tail]
    if exact or "/" in file:
        return exact
    return [entry for entry in entries if entry.file.partition("/")[2] == file]


def _nothing_found(entries: Sequence[Entry], named: Sequence[Entry], file: str, sha256: str) -> str:
    if [entry for entry in named if entry.error is None]:
        known = ", ".join(entry.sha256[:16] for entry in named if entry.error is None)
        return f"No accepted supply of {file} has a sha256 that begins with {sha256}: {known} do."
    if named:
        return (
            f"{file} was refused ({', '.join(sorted({str(e.error) for e in named}))}), so nothing "
            "of it was loaded and there is nothing to withdraw."
        )
    names = sorted({entry.file for entry in entries if entry.error is None})
    if not names:
        return f"No file is in this warehouse, so {file} cannot be withdrawn."
    short = {name.partition("/")[2]: name for name in names}
    near = get_close_matches(PurePath(file).name, short, _NEAR_NAMES)
    return f"No file {file} is in this warehouse. " + (
        f"Near names: {', '.join(short[name] for name in near)}."
        if near
        else "The page Data health and `select file from rpt_load` list the names."
    )
