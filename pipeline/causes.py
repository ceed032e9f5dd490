"""Why exceptions went from one as-of day to the next: the world moved, or a correction came.

Judged before the build of a day, so that its `fct_exception_history` can say it. For days that
follow each other the rules are run in hindsight: on the first, with what the second knew. To be
cheap on a large market that is done only for Metering Points and parties of which new files speak;
all others are as they were.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.build import Progress, default_memory_limit
from pipeline.hindsight import evaluate
from pipeline.layout import Warehouse
from pipeline.ledger import pairs, restore, rows_of, write
from pipeline.publication import files_of, publications
from pipeline.touched import POINTS, Files, Known, add_points_of_parties, collect, new_deltas


@dataclass(frozen=True)
class _Touched:
    """What may look otherwise in hindsight: points, parties, and parties as unknown ones."""

    points: pa.Table
    parties: pa.Table
    unknown: pa.Table


def judge(
    warehouse: Warehouse,
    as_of: date,
    *,
    memory_limit: str | None = None,
    threads: int = 2,
    progress: Progress | None = None,
) -> None:
    """Judge every two days up to `as_of` that follow each other and were not judged yet."""
    restore(warehouse)
    shutil.rmtree(warehouse.new_causes, ignore_errors=True)
    known: dict[str, Files] = {
        publication.publication_id: files_of(publication) for publication in publications(warehouse)
    }
    for record, day, next_day, target in pairs(warehouse, as_of):
        if target.exists():
            continue
        if progress:
            progress(f"what {next_day} knows of {day}", 0.0)
        later = Known(next_day, known.get(target.stem.split("--")[1]))
        _judge(
            warehouse,
            record,
            Known(day, known.get(record.stem)),
            later,
            target,
            memory_limit or default_memory_limit(),
            threads,
        )


def _judge(
    warehouse: Warehouse,
    record: Path,
    earlier: Known,
    later: Known,
    target: Path,
    memory_limit: str,
    threads: int,
) -> None:
    scratch = warehouse.root / "build" / "hindsight"
    shutil.rmtree(scratch, ignore_errors=True)
    with closing(duckdb.connect(config={"memory_limit": memory_limit})) as connection:
        connection.execute(f"set threads = {threads}")
        connection.execute(f"create temp table record as from {rows_of(record)}")
        touched = _touched(connection, warehouse, earlier, later)
        judged = "true"
        if touched is not None:
            for name, table in vars(touched).items():
                connection.register(name, table)
            judged = (
                "mpan in (from points) or (rule_id = 'REF-01' and mpid in (from unknown)) "
                "or (mpan is null and rule_id <> 'REF-01' and mpid in (from parties))"
            )
        connection.execute(f"create temp table judged as select * from record where {judged}")
        if not connection.execute("select count(*) from judged").fetchall()[0][0]:
            nothing = "select null::uuid as exception_id, null::uuid as restated_as where false"
            write(connection, nothing, target)
            return
        database = scratch / "mhhs.duckdb"
        evaluate(
            warehouse,
            database,
            earlier.day,
            later,
            ("fct_exception",),
            memory_limit,
            threads,
            None,
            touched.points if touched else None,
        )
        connection.execute(f"attach '{database}' as hindsight (read_only)")
        write(connection, _CORRECTED, target)
    shutil.rmtree(scratch, ignore_errors=True)


# What stood and in hindsight does not, with what stands in hindsight of the same subject instead.
_CORRECTED = """
with
in_hindsight as (
    select exception_id::uuid as exception_id, rule_id, subject_key, status
    from hindsight.marts.fct_exception
),
gone as (
    select exception_id, rule_id, subject_key
    from judged
    where not exists (
        select 1 from in_hindsight
        where in_hindsight.exception_id = judged.exception_id
            and (judged.status = 'CLOSED' or in_hindsight.status <> 'CLOSED')
    )
),
come as (
    select exception_id, rule_id, subject_key
    from in_hindsight
    where exception_id not in (select exception_id from record)
)
select gone.exception_id, come.exception_id as restated_as
from gone
left join come using (rule_id, subject_key)
order by all
"""


def _touched(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, earlier: Known, later: Known
) -> _Touched | None:
    """What the later day has files about that the earlier did not know; None: about everything."""
    deltas = new_deltas(warehouse, earlier, later)
    if deltas is None:
        return None
    collect(connection, warehouse, earlier, later, deltas)
    named = " union ".join(
        f"select {mpid} from raw.{extract} where mpan in (from point)"
        for extract, (mpid, _) in POINTS.items()
    )
    connection.execute(
        "create temp table unknown_party as select distinct mpid from record "
        f"where rule_id = 'REF-01' and mpid in (from party union {named})"
    )
    add_points_of_parties(connection, "unknown_party")
    connection.execute("insert into point select mpan from record where mpid in (from party)")
    return _Touched(
        *(
            connection.execute(f"select distinct * from {table}").to_arrow_table()
            for table in ("point where mpan is not null", "party", "unknown_party")
        )
    )
