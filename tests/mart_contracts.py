"""The public contract of the marts as it was last agreed: names and types of columns.

`make contracts` adds what is new. A column that is gone or has another type needs a new number of
the contract (`pipeline.CONTRACT_VERSION`): readers build on it.
"""

from __future__ import annotations

import json
from pathlib import Path

from pipeline import CONTRACT_VERSION
from pipeline.mart_columns import declared

PROJECT = Path(__file__).resolve().parent.parent
AGREED = PROJECT / "tests" / "mart_contracts.json"

Contracts = dict[str, dict[str, str]]


def agreed() -> tuple[int, Contracts]:
    """The number of the contract on record, and its marts."""
    document = json.loads(AGREED.read_text("utf-8"))
    return document["contract"], document["marts"]


def broken(before: Contracts, now: Contracts) -> list[str]:
    """What readers would miss."""
    return [
        f"{mart}.{column}: {kind} became {now.get(mart, {}).get(column, 'nothing')}"
        for mart, columns in before.items()
        for column, kind in columns.items()
        if now.get(mart, {}).get(column) != kind
    ]


if __name__ == "__main__":
    number, before = agreed()
    lost = broken(before, declared())
    if lost and number == CONTRACT_VERSION:
        raise SystemExit("A new number of the contract is needed: " + "; ".join(lost))
    document = {"contract": CONTRACT_VERSION, "marts": declared()}
    AGREED.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
