"""Compare two publications: what was added, resolved, escalated, eased and re-stated, and why.

Between the earlier one A and the later one B the world moved, and files may have told what was not
known before of days that A covered. To tell these apart the rules are run a third time: on the day
of A, with what B knew (`pipeline.hindsight`). What A says otherwise than that was *corrected*; the
rest of the way to B is *real*. The third run follows the definitions of this code: with a
publication of an earlier contract, what differs from A counts as *definition changed*.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from decimal import Decimal
from typing import Any

import duckdb

from pipeline import CONTRACT_VERSION
from pipeline.build import Progress
from pipeline.comparison import Comparison, change, facts, known, lasts, path_of
from pipeline.errors import PipelineError
from pipeline.hindsight import evaluate
from pipeline.layout import Warehouse, large_database, replace_json
from pipeline.machine import default_memory_limit
from pipeline.publication import Publication, files_of
from pipeline.sql_text import exact_path
from pipeline.touched import Known

_NOT_A_FIGURE = ("as_of", "m14_date", "days_to_m14")


def compare(
    warehouse: Warehouse,
    before: Publication,
    after: Publication,
    *,
    memory_limit: str | None = None,
    threads: int = 2,
    progress: Progress | None = None,
) -> Comparison:
    """Compare two publications and keep the result in `history/comparisons`."""
    if before.as_of > after.as_of:
        raise PipelineError(
            f"{before.publication_id} speaks for a later day than {after.publication_id}: "
            "name the earlier one first."
        )
    if made := known(warehouse, before, after):
        return made
    target = path_of(warehouse, before, after)
    listing = target.with_suffix(".parquet")
    memory_limit = memory_limit or default_memory_limit()
    scratch = warehouse.root / "build" / "compare"
    shutil.rmtree(scratch, ignore_errors=True)
    between = scratch / "mhhs.duckdb"
    evaluate(
        warehouse,
        between,
        before.as_of,
        Known(after.as_of, files_of(after)),
        ("fct_exception", "rpt_m14_headline"),
        memory_limit,
        threads,
        progress,
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(duckdb.connect(config={"memory_limit": memory_limit})) as connection:
        connection.execute(f"set threads = {threads}")
        hindsight = (("k", between), ("k_large", large_database(between)))
        for name, path in (("a", before.path), ("b", after.path), *hindsight):
            connection.execute(f"attach {exact_path(path)} as {name} (read_only)")
        is_of_now = before.contract == after.contract == CONTRACT_VERSION
        otherwise = "CORRECTION" if is_of_now else "DEFINITION_CHANGED"
        connection.execute(f"create temp table change as {_CHANGES.format(otherwise=otherwise)}")
        part = listing.with_name(f".{listing.name}.part")
        connection.execute(
            f"copy (from change order by change, rule_id, exception_id) to {exact_path(part)} "
            "(format parquet, compression zstd)"
        )
        document = {
            "before": before.summary(),
            "after": after.summary(),
            "changes": _rows(connection, _BY_RULE),
            "headline": _headline(connection),
        }
    part.replace(listing)
    replace_json(target, document)
    shutil.rmtree(scratch, ignore_errors=True)
    return Comparison(listing, document)


_CHANGES = f"""
with

every as (

    select exception_id from a.marts.fct_exception
    union
    select exception_id from b.marts.fct_exception

),

compared as (

    select
        every.exception_id,
        {change("a", "b")} as change,
        case
            when a.exception_id is null then k.exception_id is not null
            when {lasts("a")} and not {lasts("b")} then not {lasts("k")}
            when not {lasts("a")} and {lasts("b")} then {lasts("k")}
            when a.severity <> b.severity then a.severity is distinct from k.severity
            else {facts("a")} is distinct from {facts("k")}
        end as is_correction,
        coalesce(b.rule_id, a.rule_id) as rule_id,
        coalesce(b.subject_key, a.subject_key) as subject_key,
        coalesce(cast(b.mpan as bigint), cast(a.mpan as bigint)) as mpan,
        coalesce(b.mpid, a.mpid) as mpid,
        coalesce(b.participant_name, a.participant_name) as participant_name,
        a.severity as severity_before,
        b.severity as severity_after,
        a.status as status_before,
        b.status as status_after,
        a.occurred_on as occurred_on_before,
        b.occurred_on as occurred_on_after,
        b.ended_on as ended_on_after,
        coalesce(b.reason_detail, a.reason_detail) as reason_detail
    from every
    left join a.marts.fct_exception as a
        on every.exception_id = a.exception_id
    left join b.marts.fct_exception as b
        on every.exception_id = b.exception_id
    left join k_large.marts.fct_exception as k
        on every.exception_id = k.exception_id

),

changed as (

    select * from compared where change is not null

),

-- A correction that moves a first day gives the exception another id: one goes, one comes.
moved as (

    select
        gone.exception_id as gone_id,
        come.exception_id as come_id
    from changed as gone
    inner join changed as come
        on
            gone.rule_id = come.rule_id
            and gone.subject_key = come.subject_key
    where
        gone.status_before <> 'CLOSED'
        and gone.is_correction
        and come.change = 'ADDED'
        and come.is_correction
        and gone.status_after is null
    qualify
        count(*) over (partition by gone.exception_id) = 1
        and count(*) over (partition by come.exception_id) = 1

)

select
    changed.exception_id,
    case when moved.come_id is not null then 'RE_STATED' else changed.change end as change,
    case when changed.is_correction then '{{otherwise}}' else 'REAL' end as cause,
    changed.rule_id,
    changed.subject_key,
    changed.mpan,
    changed.mpid,
    changed.participant_name,
    coalesce(gone.severity_before, changed.severity_before) as severity_before,
    changed.severity_after,
    coalesce(gone.status_before, changed.status_before) as status_before,
    changed.status_after,
    coalesce(gone.occurred_on_before, changed.occurred_on_before) as occurred_on_before,
    changed.occurred_on_after,
    changed.ended_on_after,
    changed.reason_detail,
    moved.gone_id as previous_exception_id
from changed
left join moved
    on changed.exception_id = moved.come_id
left join changed as gone
    on moved.gone_id = gone.exception_id
where changed.exception_id not in (select gone_id from moved)
"""
_BY_RULE = """
select rule_id, coalesce(mpid, '-') as mpid, change, cause, count(*) as exceptions
from change
group by all
order by all
"""


def _headline(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Each figure of the headline before and after, and its way split into the two causes."""
    rows = {
        name: _rows(connection, f"from {name}.marts.rpt_m14_headline")[0]
        for name in ("a", "k", "b")
    }
    return [
        {
            "figure": name,
            "before": rows["a"][name],
            "after": value,
            "real": _difference(value, rows["k"].get(name)),
            "correction": _difference(rows["k"].get(name), rows["a"].get(name)),
        }
        for name, value in rows["b"].items()
        if name not in _NOT_A_FIGURE and name in rows["a"]
    ]


def _difference(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    relation = connection.sql(sql)
    return [
        {
            name: float(value) if isinstance(value, Decimal) else value
            for name, value in zip(relation.columns, row, strict=True)
        }
        for row in relation.fetchall()
    ]
