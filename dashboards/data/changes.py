"""Changes: two publications side by side, and the comparison that tells their causes apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from dashboards.auth import require
from dashboards.data import store
from dashboards.data.store import View
from pipeline.comparison import unsplit
from pipeline.sql_text import mpan_text

ROWS_PER_PAGE = 100
# What narrows the list of changes: names of the address, which are columns of the file.
FILTERS = ("change", "cause", "rule_id", "mpid")


def headline(view: View) -> dict[str, Any]:
    """The row of `rpt_m14_headline`, figures as numbers; empty where there is none."""
    rows = store.query(view.path, "from marts.rpt_m14_headline").to_dicts()
    return rows[0] if rows else {}


def counts(before: View, after: View) -> pl.DataFrame:
    """Changes by rule and party (rule_id, mpid, change, exceptions), causes not told apart."""
    name = "before_" + before.publication_id.replace("-", "_")
    return store.query(after.path, unsplit(f"{name}.marts", "marts"), (), ((name, before.path),))


def rule_titles(view: View) -> dict[str, str]:
    """Each rule with its title."""
    return dict(store.query(view.path, "select rule_id, title from marts.dim_rule").iter_rows())


def party_names(view: View) -> dict[str, str]:
    """MPID to name, of every party that standing data knows."""
    return dict(
        store.query(
            view.path,
            "select mpid, min(participant_name) from marts.dim_participant group by mpid",
        ).iter_rows()
    )


def count(listing: Path, filters: Mapping[str, Sequence[str]]) -> int:
    """How many changes the filters select."""
    test, values = _condition(filters)
    found = store.query_file(str(listing), f"select count(*) from changes where {test}", values)
    return int(found.item())


def rows(listing: Path, filters: Mapping[str, Sequence[str]], page: int) -> pl.DataFrame:
    """One page of the changes, with their MPANs: raises Forbidden without compliance."""
    require("compliance")
    test, values = _condition(filters)
    return store.query_file(
        str(listing),
        f"select * replace ({mpan_text('mpan')} as mpan) from changes where {test} "
        "order by rule_id, change, exception_id limit ? offset ?",
        (*values, ROWS_PER_PAGE, (page - 1) * ROWS_PER_PAGE),
    )


def _condition(filters: Mapping[str, Sequence[str]]) -> tuple[str, tuple[Any, ...]]:
    tests, values = ["true"], []
    for name in FILTERS:
        if chosen := sorted(filters.get(name, ())):
            column = "coalesce(mpid, '-')" if name == "mpid" else name
            tests.append(f"list_contains(?, {column})")
            values.append(chosen)
    return " and ".join(tests), tuple(values)
