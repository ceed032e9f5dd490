"""Why exceptions went from one as-of day to the next: the world moved, or a correction came.

Judged before the build of a day, so that its `fct_exception_history` can say it. For days that
follow each other the rules are run in hindsight: on the first, with what the second knew. To be
cheap on a large market that is done only for Metering Points and parties of which new files speak;
all others are as they were.
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from pipeline import CONTRACT_VERSION
from pipeline.build import Progress
from pipeline.hindsight import evaluate
from pipeline.layout import Warehouse, large_database
from pipeline.ledger import contract_of, pairs, restore, rows_of, write
from pipeline.machine import default_memory_limit
from pipeline.publication import files_of, publications
from pipeline.sql_text import exact_path
from pipeline.touched import POINTS, Files, Known, Touched, find


def judge(
    warehouse: Warehouse,
    as_of: date,
    *,
    memory_limit: str | None = None,
    threads: int = 2,
    progress: Progress | None = None,
) -> Touched | None:
    """Judge every two days up to `as_of` that follow each other and were not judged yet.

    Gives what was found to be touched between the last two, if they were judged: who builds the
    day needs the same, and closes it.
    """
    restore(warehouse)
    shutil.rmtree(warehouse.new_causes, ignore_errors=True)
    known: dict[str, Files] = {
        publication.publication_id: files_of(publication) for publication in publications(warehouse)
    }
    memory_limit = memory_limit or default_memory_limit()
    touched = None
    for record, day, next_day, target in pairs(warehouse, as_of):
        if touched is not None:
            touched.close()
            touched = None
        # What an earlier contract found, its own rules alone could judge.
        if target.exists() or contract_of(record) != CONTRACT_VERSION:
            continue
        if progress:
            progress(f"what {next_day} knows of {day}", 0.0)
        earlier = Known(day, known.get(record.stem))
        later = Known(next_day, known.get(target.stem.split("--")[1]))
        touched = find(warehouse, earlier, later, memory_limit, threads)
        _judge(warehouse, record, touched, target, memory_limit, threads)
    return touched


def _judge(
    warehouse: Warehouse,
    record: Path,
    touched: Touched,
    target: Path,
    memory_limit: str,
    threads: int,
) -> None:
    scratch = warehouse.root / "build" / "hindsight"
    shutil.rmtree(scratch, ignore_errors=True)
    connection = touched.connection
    connection.execute(f"create temp table record as from {rows_of(record)}")
    judged = "true" if touched.everything else _of_what_is_touched(touched)
    connection.execute(
        f"create temp table judged as from record where status <> 'CLOSED' and ({judged})"
    )
    if not connection.execute("select count(*) from judged").fetchall()[0][0]:
        nothing = "select null::uuid as exception_id, null::uuid as restated_as where false"
        write(connection, nothing, target)
        return
    database = scratch / "mhhs.duckdb"
    evaluate(
        warehouse,
        database,
        touched.earlier.day,
        touched.later,
        ("fct_exception",),
        memory_limit,
        threads,
        None,
        None if touched.everything else touched.write_part("looked_at"),
        warehouse if touched.everything else touched.part,
    )
    connection.execute(f"attach {exact_path(large_database(database))} as hindsight (read_only)")
    write(connection, _CORRECTED, target)
    connection.execute("detach hindsight")
    shutil.rmtree(scratch)


# Exceptions that were open or recorded and are not in hindsight, each with those of the same rule
# and subject that hindsight has.
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
            and in_hindsight.status <> 'CLOSED'
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


def _of_what_is_touched(touched: Touched) -> str:
    """A condition on `record`; creates `looked_at` (mpan), the points that it names."""
    connection = touched.connection
    named = " union ".join(
        f"select {mpid} from {extract}_ever where mpan in (from point) and {mpid} in (from unknown)"
        for extract, (mpid, _) in POINTS.items()
    )
    connection.execute(
        "create temp table unknown as select distinct mpid from record where rule_id = 'REF-01'"
    )
    connection.execute(
        "create temp table unknown_party as select mpid from unknown "
        f"where mpid in (from party union {named})"
    )
    connection.execute(
        "create temp table looked_at as from point "
        "union all select mpan from record where mpan is not null and mpid in (from party)"
    )
    touched.add_points_of("unknown_party", "looked_at")
    return (
        "mpan in (from looked_at) or (rule_id = 'REF-01' and mpid in (from unknown_party)) "
        "or (mpan is null and rule_id <> 'REF-01' and mpid in (from party))"
    )
