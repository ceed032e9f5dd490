"""Data health: files, quarantine, reconciliation, tests and builds, as the publication has them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from dashboards.auth import current_user, require
from dashboards.data import store
from dashboards.data.store import View
from pipeline.publication import read_manifest

ROWS_PER_PAGE = 100
MASK = "[c]"
_MPAN = re.compile(r"\d{13}")


def loads(view: View) -> pl.DataFrame:
    """Every file with what became of it, the newest day first."""
    return store.query(
        view.path,
        "from marts.rpt_load order by business_date desc nulls first, extract, sequence, load_id",
    )


def line_totals(view: View) -> dict[str, int]:
    """Lines of all files, and what became of them."""
    return store.query(
        view.path,
        """
        select
            count(*) as files,
            count(*) filter (where outcome = 'refused') as refused,
            coalesce(sum(lines), 0)::bigint as lines,
            coalesce(sum(accepted), 0)::bigint as accepted,
            coalesce(sum(quarantined), 0)::bigint as quarantined,
            coalesce(sum(repeated), 0)::bigint as repeated,
            coalesce(sum(noted), 0)::bigint as noted,
            coalesce(sum(ignored), 0)::bigint as ignored
        from marts.rpt_load
        """,
    ).to_dicts()[0]


def freshness(view: View) -> pl.DataFrame:
    """Per extract: its newest accepted file, and how its files fared."""
    return store.query(
        view.path,
        """
        select
            coalesce(extract, '-') as extract,
            max(business_date) filter (where outcome in ('accepted', 'superseded')) as newest_on,
            count(*) filter (where outcome in ('accepted', 'superseded')) as taken,
            count(*) filter (where outcome = 'refused') as refused,
            sum(lines)::bigint as lines,
            sum(quarantined)::bigint as quarantined
        from marts.rpt_load
        group by all
        order by extract
        """,
    )


def quarantine_counts(view: View) -> pl.DataFrame:
    """Quarantined lines per file, reason and column."""
    return store.query(
        view.path,
        "select file, reason, column_name, count(*) as lines from marts.fct_quarantined_row "
        "group by all order by lines desc, file, reason, column_name",
    )


def quarantine_count(view: View, filters: Mapping[str, Sequence[str]]) -> int:
    """How many quarantined lines the filters select."""
    test, values = _condition(filters)
    found = store.query(
        view.path, f"select count(*) from marts.fct_quarantined_row where {test}", values
    )
    return int(found.item())


def quarantine_rows(view: View, filters: Mapping[str, Sequence[str]], page: int) -> pl.DataFrame:
    """One page of quarantined lines word for word: raises Forbidden without compliance."""
    require("compliance")
    test, values = _condition(filters)
    return store.query(
        view.path,
        "select file, line, reason, column_name, row_text from marts.fct_quarantined_row "
        f"where {test} order by file, line, load_id limit ? offset ?",
        (*values, ROWS_PER_PAGE, (page - 1) * ROWS_PER_PAGE),
    )


def _condition(filters: Mapping[str, Sequence[str]]) -> tuple[str, tuple[Any, ...]]:
    chosen = [(name, sorted(filters[name])) for name in ("file", "reason") if filters.get(name)]
    test = " and ".join(f"list_contains(?, {name})" for name, _ in chosen) or "true"
    return test, tuple(values for _, values in chosen)


def noted_counts(view: View) -> pl.DataFrame:
    """Values that became null per column and reason, with the lines and files that have them."""
    return store.query(
        view.path,
        "select column_name, reason, count(*) as n_values, count(distinct file) as files "
        "from marts.fct_noted_value group by all order by n_values desc, column_name, reason",
    )


def noted_values(view: View, page: int) -> pl.DataFrame:
    """One page of noted values word for word: raises Forbidden without compliance."""
    require("compliance")
    return store.query(
        view.path,
        "select file, line, column_name, reason, value from marts.fct_noted_value "
        "order by file, line, column_name, load_id limit ? offset ?",
        (ROWS_PER_PAGE, (page - 1) * ROWS_PER_PAGE),
    )


def reconciliation(view: View) -> pl.DataFrame:
    """Every identity with both its figures, those that differ first."""
    return store.query(
        view.path, "from marts.rpt_reconciliation order by difference = 0, identity_name"
    )


def ignored_messages(view: View) -> pl.DataFrame:
    """DIP messages that the warehouse does not use, by interface and event code."""
    return store.query(
        view.path,
        "select interface, event_code, count(distinct file) as files, "
        "sum(messages)::bigint as messages from marts.rpt_ignored_message "
        "group by all order by messages desc, interface, event_code",
    )


def builds(view: View) -> pl.DataFrame:
    """Every build on record when this publication was made, the oldest first."""
    return store.query(
        view.path,
        "select publication_id, gate, as_of, built_at, duration_seconds, tests_passed, "
        "tests_failed from marts.rpt_publication group by all order by built_at, publication_id",
    )


def failures(view: View) -> list[dict[str, Any]]:
    """Builds that were not published, newest first: as_of, failed_at, gate, tests.

    What a test says names rows that made it fail, with MPANs: that takes the role compliance.
    """
    found = store.query(
        view.path,
        "select as_of, built_at as failed_at, gate, mart as test, failure "
        "from marts.rpt_publication where gate <> 'passed' order by failed_at desc, test",
    )
    by_instant: dict[Any, dict[str, Any]] = {}
    for row in found.to_dicts():
        gate = by_instant.setdefault(
            row["failed_at"],
            {**{name: row[name] for name in ("as_of", "failed_at", "gate")}, "tests": []},
        )
        gate["tests"].append((row["test"], _said(row["failure"] or "")))
    return list(by_instant.values())


def said_of_failure(failure: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The tests of a `LAST_FAILURE.json` with what they say, masked as in `failures`."""
    tests = []
    for each in failure["failures"]:
        rows = [", ".join(f"{name}={value}" for name, value in row.items()) for row in each["rows"]]
        tests.append((str(each["test"]), _said("\n".join([each["message"], *rows]))))
    return tests


def _said(text: str) -> str:
    if current_user().may("compliance"):
        return text
    return _MPAN.sub(MASK, text.partition("\n")[0])


def manifest(view: View) -> dict[str, Any]:
    """The manifest of a publication: its tests, the seconds of every step, its files."""
    return read_manifest(store.warehouse().manifest(view.publication_id))
