"""The job in standard SQL, for DuckDB, SQLite and PostgreSQL: one text, three dialects of loading.

`%(as_of)s` and `%(m14)s` stand for ISO days. Days are of type DATE, in SQLite of text, which
compares in the same way. Indexes are made where an engine needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.bench.peers.job import Findings, found

HOLDING = """
create {temporary} table holding as
with ordered as (
    select
        registration_id, mpan, supplier_mpid, market_segment,
        effective_from as valid_from,
        coalesce({day_after_end}, '9999-12-31') as registered_to,
        lead(effective_from) over (partition by mpan order by effective_from, registration_id)
            as next_from,
        rmp_status <> 'T' and mp_status <> 'X' as is_live
    from registration
    where registration_status = 'ACTIVE' and effective_from <= '{as_of}'
),
ended as (
    select
        registration_id, mpan, supplier_mpid, market_segment, valid_from, is_live,
        case when next_from < registered_to then next_from else registered_to end as valid_to
    from ordered
)
select * from ended where valid_from < valid_to
"""

UNQUALIFIED = """
create {temporary} table unqualified as
select holding.registration_id, holding.mpan
from holding
where
    holding.valid_from <= '{as_of}' and '{as_of}' < holding.valid_to and holding.is_live
    and not exists (
        select 1 from qualified
        where
            qualified.mpid = holding.supplier_mpid
            and qualified.market_segment = holding.market_segment
            and qualified.valid_from <= '{as_of}' and '{as_of}' < qualified.valid_to
    )
"""

# The holding on the day, else the latest earlier one, else the earliest later one.
EVENT = """
create {temporary} table event as
with numbered as (
    select
        migration.mpan, migration.direction, migration.effective_from as migrated_on,
        migration.supplier_mpid as event_supplier, holding.supplier_mpid, holding.market_segment,
        holding.valid_from <= migration.effective_from
            and migration.effective_from < holding.valid_to as is_holder,
        row_number() over (
            partition by migration.mpan, migration.effective_from, migration.direction
            order by
                case when holding.valid_from <= migration.effective_from then 0 else 1 end,
                case when holding.valid_from <= migration.effective_from
                    then holding.valid_from end desc,
                holding.valid_from
        ) as place
    from migration
    inner join holding on holding.mpan = migration.mpan
    where migration.effective_from <= '{as_of}'
),
responsible as (
    select
        mpan, direction, migrated_on, market_segment, is_holder,
        case when is_holder then supplier_mpid else event_supplier end as mpid
    from numbered
    where place = 1
)
select
    responsible.*,
    exists (
        select 1 from qualified
        where
            qualified.mpid = responsible.mpid
            and qualified.market_segment = responsible.market_segment
            and qualified.valid_from <= responsible.migrated_on
            and responsible.migrated_on < qualified.valid_to
    ) as is_qualified
from responsible
"""

# Of two events on one day REVERSE is the later.
MIGRATED = """
create {temporary} table migrated as
select mpan
from migration
where effective_from <= '{as_of}'
group by mpan
having
    max(case when direction = 'FORWARD' then effective_from end)
    > coalesce(max(case when direction = 'REVERSE' then effective_from end), '0001-01-01')
"""

QUESTIONS = {
    "SUP-01": "select registration_id from unqualified",
    "SUP-06": (
        "select unqualified.registration_id from unqualified"
        " inner join migrated on migrated.mpan = unqualified.mpan"
    ),
    "SUP-02": (
        "select mpan || ' ' || migrated_on from event"
        " where direction = 'FORWARD' and not is_qualified"
    ),
    "SUP-07": (
        "select mpan || ' ' || migrated_on from event"
        " where direction = 'REVERSE' and migrated_on < '{m14}' and is_holder and is_qualified"
    ),
    "position": (
        "select supplier_mpid || ' ' || market_segment || ' ' || count(*) from holding"
        " where valid_from <= '{as_of}' and '{as_of}' < valid_to and is_live"
        " group by supplier_mpid, market_segment"
    ),
}


def findings(ask: Callable[[str], Iterable[object]], words: dict[str, object]) -> Findings:
    """The findings of an engine; MPANs that are numbers there are 13 digits again."""
    answers = {
        name: [str(key) for key in ask(sql.format(**words))] for name, sql in QUESTIONS.items()
    }
    for name in ("SUP-02", "SUP-07"):
        answers[name] = [" ".join((key[:-11].zfill(13), key[-10:])) for key in answers[name]]
    return {name: found(keys) for name, keys in answers.items()}
