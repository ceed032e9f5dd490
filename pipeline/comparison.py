"""What a comparison of two publications is: where it lies, and when an exception has changed.

Light to import: readers look for finished comparisons here; `pipeline.compare` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pipeline import json_files
from pipeline.layout import Warehouse
from pipeline.sql_text import severity_rank

# What re-states an exception when it differs; another severity is a change of its own.
_FACTS = (
    "status",
    "mpid",
    "reason_code",
    "occurred_on",
    "ended_on",
    "market_segment",
    "is_in_flight",
)


@dataclass(frozen=True)
class Comparison:
    """Where a comparison lies and what it came to."""

    exceptions: Path
    document: dict[str, Any]


class Published(Protocol):
    """Whatever bears the id of a publication."""

    @property
    def publication_id(self) -> str: ...


def path_of(warehouse: Warehouse, before: Published, after: Published) -> Path:
    """The JSON of a comparison; the list of exceptions lies beside it as Parquet."""
    name = f"{before.publication_id}--{after.publication_id}.json"
    return warehouse.comparisons / name


def known(warehouse: Warehouse, before: Published, after: Published) -> Comparison | None:
    """The comparison of two publications if it has been made and is whole."""
    path = path_of(warehouse, before, after)
    listing = path.with_suffix(".parquet")
    if not listing.exists():
        return None
    try:
        return Comparison(listing, json_files.read(path, json_files.Comparison))
    except (OSError, json_files.DamagedFile):
        return None


def facts(alias: str) -> str:
    """SQL: the facts of an exception in one value."""
    return f"row({', '.join(f'{alias}.{name}' for name in _FACTS)})"


def lasts(alias: str) -> str:
    """SQL: whether an exception is open or recorded."""
    return f"coalesce({alias}.status, 'CLOSED') <> 'CLOSED'"


def change(before: str, after: str) -> str:
    """SQL: what became of an exception; null for one that is as it was."""
    rank_before, rank_after = (severity_rank(f"{each}.severity") for each in (before, after))
    return f"""case
            when not {lasts(before)} and {lasts(after)} then 'ADDED'
            when {before}.status = 'OPEN' and not {lasts(after)} then 'RESOLVED'
            when
                {lasts(before)} and {lasts(after)}
                and {rank_before} > {rank_after}
                then 'ESCALATED'
            when
                {lasts(before)} and {lasts(after)}
                and {rank_before} < {rank_after}
                then 'EASED'
            when
                {before}.exception_id is null
                or {after}.exception_id is null
                or {before}.severity <> {after}.severity
                or {facts(before)} is distinct from {facts(after)}
                then 'RE_STATED'
        end"""


def unsplit(before: str, after: str) -> str:
    """SQL: changes by rule and party between two schemas of marts, their causes not told apart.

    A correction that moves a first day gives an exception another id, so here it counts twice: as
    one resolved and one added.
    """
    return f"""
    select
        coalesce(b.rule_id, a.rule_id) as rule_id,
        coalesce(b.mpid, a.mpid, '-') as mpid,
        {change("a", "b")} as change,
        count(*) as exceptions
    from {before}.fct_exception as a
    full join {after}.fct_exception as b using (exception_id)
    group by all
    having change is not null
    order by all
    """
