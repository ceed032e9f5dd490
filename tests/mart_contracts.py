"""The public contract of the marts as it was last agreed: names and types of columns.

`make contracts` adds what is new. A column that is gone or has another type needs a new model
version: readers build on it.
"""

from __future__ import annotations

import json
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parent.parent
AGREED = PROJECT / "tests" / "mart_contracts.json"

Contracts = dict[str, dict[str, str]]


def declared() -> Contracts:
    """Every mart with the names and types of its columns, from the YAML beside the models."""
    found: Contracts = {}
    for path in sorted((PROJECT / "models" / "marts").rglob("*.yml")):
        for model in yaml.safe_load(path.read_text("utf-8")).get("models", []):
            columns = {
                c["name"]: c["data_type"] for c in model.get("columns", []) if "data_type" in c
            }
            if columns:
                found[model["name"]] = columns
    return dict(sorted(found.items()))


def agreed() -> Contracts:
    contracts: Contracts = json.loads(AGREED.read_text("utf-8"))
    return contracts


def broken(before: Contracts, now: Contracts) -> list[str]:
    """What readers would miss."""
    return [
        f"{mart}.{column}: {kind} became {now.get(mart, {}).get(column, 'nothing')}"
        for mart, columns in before.items()
        for column, kind in columns.items()
        if now.get(mart, {}).get(column) != kind
    ]


if __name__ == "__main__":
    lost = broken(agreed() if AGREED.exists() else {}, declared())
    if lost:
        raise SystemExit("A new model version is needed: " + "; ".join(lost))
    AGREED.write_text(json.dumps(declared(), indent=1) + "\n", "utf-8")
