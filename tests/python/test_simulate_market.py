"""The simulated market: one timeline however it is cut, in proportion, every rule breached."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipeline.contracts import EXTRACTS, Kind
from pipeline.simulate import simulate
from pipeline.simulate.geography import DISTRIBUTOR_IDS, DNOS
from pipeline.simulate.points import WEIGHTS

POINTS, SEED = 20_000, 11
FIRST, LAST = date(2026, 9, 14), date(2026, 11, 30)


def state(landing: Path, known_on: date, schema: str, engine: duckdb.DuckDBPyConnection) -> None:
    """Makes the tables of all extracts as known on a day, text as it came, without the bad rows."""
    engine.execute(f"create schema {schema}")
    for extract in EXTRACTS.values():
        key = ", ".join(extract.key)
        files = f"{landing}/{extract.name}/{extract.name}_*.csv"
        good = " and ".join(
            ["true"]
            + [f"{c.name} is not null" for c in extract.columns if c.required]
            + [
                f"regexp_full_match({c.name}, '[0-9]{{13}}')"
                for c in extract.columns
                if c.kind is Kind.MPAN
            ]
            + [
                f"({c.name} is null or try_cast({c.name} as date) is not null)"
                for c in extract.columns
                if c.kind is Kind.DATE
            ]
            + [
                f"coalesce({c.name}, '{c.values[0]}') in {c.values}"
                for c in extract.columns
                if c.values and c.kind is Kind.CHOICE and not c.noted
            ]
            + [f"{c.name} not like 'DIRTY%'" for c in extract.columns if c.kind is Kind.ID]
        )
        columns = ", ".join(column.name for column in extract.columns)
        engine.execute(f"""
            create table {schema}.{extract.name} as
            with lines as (
                select *, row_number() over () as line,
                    regexp_extract(filename, '_(\\d{{8}})', 1) as day
                from read_csv('{files}', all_varchar = true, union_by_name = true, filename = true)
            ),
            latest as (
                select *,
                    row_number() over (partition by {key} order by day desc, line desc) as place
                from lines where day <= '{known_on:%Y%m%d}' and {good}
            )
            select {columns} from latest where place = 1 and coalesce(change_type, 'U') = 'U'
        """)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    landing = tmp_path_factory.mktemp("market")
    simulate(POINTS, SEED, FIRST, LAST, landing)
    return landing


@pytest.fixture(scope="module")
def engine(market: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        state(market, LAST, "market", connection)
        connection.execute("use market")
        connection.execute(QUALIFIED)
        connection.execute(HOLDINGS)
        yield connection


# Who is Qualified on which day, from the decisions: the last one that covers the segment counts.
QUALIFIED = """
    create table qualified as
    with days as (
        select unnest(generate_series(date '2025-10-01', date '2026-12-31', interval 1 day))::date
            as day
    ),
    required as (
        from (values
            ('SUP', ['BSC_PAB', 'REC_CM', 'DIP_MGR']), ('LDSO', ['BSC_PAB', 'REC_CM', 'DIP_MGR']),
            ('MSS', ['REC_CM', 'DIP_MGR']), ('SDS', ['BSC_PAB', 'DIP_MGR'])
        ) as t (role, bodies)
    ),
    in_force as (
        select mpid, market_role as role, approval_body as body, segment, day,
            arg_max(decision, effective_from) as decision,
            arg_max(coalesce(effective_to, '9999-12-31'), effective_from) as until
        from approval, (select unnest(['S', 'A', 'U']) as segment), days
        where contains(coalesce(segments, 'SAU'), segment) and effective_from::date <= day
        group by all
    )
    -- Names that no other table has: an argument of the macro would be taken for a column.
    select mpid as q_mpid, role as q_role, segment as q_segment, day as q_day
    from in_force join required using (role)
    where decision in ('APPROVED', 'CONDITIONAL') and until::date >= day
        and list_contains(bodies, body)
    group by mpid, role, segment, day, bodies having count(*) = len(bodies)
"""

HOLDINGS = """
    create table holding as
    select registration_id, mpan, supplier_mpid, market_segment as segment,
        effective_from::date as "from",
        least(
            coalesce(effective_to::date + 1, date '9999-12-31'),
            lead(effective_from::date, 1, date '9999-12-31') over (
                partition by mpan order by effective_from, registration_id)
        ) as "to",
        coalesce(effective_to::date + 1, date '9999-12-31') as stated_to,
        requested_at, rmp_status <> 'T' and mp_status <> 'X' as live
    from registration where registration_status = 'ACTIVE' and effective_from <= '2026-11-30';

    create table event as
    select mpan, direction, effective_from::date as day, supplier_mpid from migration;

    create table regime as
    select mpan, arg_max(direction, (day, direction)) = 'FORWARD' as is_mhhs
    from event where mpan in (select mpan from holding) group by mpan;

    create table served as
    select * replace (effective_from::date as effective_from,
        coalesce(effective_to::date, date '9999-12-31') as effective_to)
    from appointment where appointment_status = 'ACTIVE' and mpan in (select mpan from holding);

    create macro is_qualified(party, in_role, in_segment, on_day) as exists (
        select 1 from qualified
        where q_mpid = party and q_role = in_role and q_segment = in_segment and q_day = on_day);
    create macro today() as date '2026-11-30';
    create macro m14() as date '2026-10-28';
"""

NOW = 'h."from" <= today() and h."to" > today() and h.live'

ON_THE_DAY = 'e.mpan = h.mpan and e.day >= h."from" and e.day < h."to"'

# Each rule in short, as of 30 November 2026: what it would flag is at least what these select.
RULES = {
    "SUP-01": f"""from holding h where {NOW}
        and not is_qualified(supplier_mpid, 'SUP', segment, today())""",
    "SUP-02": f"""from event e join holding h on {ON_THE_DAY}
        where direction = 'FORWARD' and not is_qualified(h.supplier_mpid, 'SUP', segment, e.day)""",
    "SUP-03 gained": """from registration where registration_type = 'SWITCH'
        and registration_status = 'ACTIVE' and effective_from::date between m14() and today()
        and not is_qualified(supplier_mpid, 'SUP', market_segment, effective_from::date)""",
    "SUP-03 in flight": """from registration where registration_type = 'SWITCH'
        and registration_status = 'ACTIVE' and effective_from::date >= m14()
        and requested_at < '2026-10-28'
        and not is_qualified(supplier_mpid, 'SUP', market_segment, effective_from::date)""",
    "SUP-03 stale": """from registration where registration_type = 'SWITCH'
        and registration_status = 'PENDING' and effective_from::date between m14() and today()
        and not is_qualified(supplier_mpid, 'SUP', market_segment, effective_from::date)""",
    "SUP-03 warning": """from registration where registration_type = 'SWITCH'
        and registration_status = 'PENDING' and effective_from::date > today()
        and not is_qualified(supplier_mpid, 'SUP', market_segment, effective_from::date)""",
    "SUP-04": """from registration where registration_type = 'INITIAL'
        and registration_status = 'ACTIVE' and effective_from::date >= m14()
        and not is_qualified(supplier_mpid, 'SUP', market_segment, effective_from::date)""",
    "SUP-05": "from event where direction = 'REVERSE' and day >= m14()",
    "SUP-06": f"""from holding h join regime r on h.mpan = r.mpan
        where {NOW} and is_mhhs and not is_qualified(supplier_mpid, 'SUP', segment, today())""",
    "SUP-07": f"""from event e join holding h on {ON_THE_DAY}
        where direction = 'REVERSE' and day < m14()
        and is_qualified(h.supplier_mpid, 'SUP', segment, e.day)""",
    "MEM-01": """from served s join regime r on s.mpan = r.mpan where is_mhhs
        and service_role = 'MSS' and effective_to > today()
        and not is_qualified(agent_mpid, 'MSS', 'S', today())""",
    "DS-01": """from served s join regime r on s.mpan = r.mpan where is_mhhs
        and service_role = 'SDS' and effective_to > today()
        and not is_qualified(agent_mpid, 'SDS', 'S', today())""",
    "APP-01": f"""from holding h join regime r on h.mpan = r.mpan where {NOW} and is_mhhs
        and segment <> 'U' and h.mpan not in (select mpan from served
        where service_role in ('MSS', 'MSA') and effective_to > today())""",
    "APP-02": f"""from holding h join regime r on h.mpan = r.mpan where {NOW} and is_mhhs
        and h.mpan not in (select mpan from served
        where service_role in ('SDS', 'ADS', 'UMSDS') and effective_to > today())""",
    "APP-03": """from served s left join regime r on s.mpan = r.mpan where
        effective_to > today() and service_role <> 'UMSO'
        and (service_role in ('MOP', 'DC', 'DA')) = coalesce(is_mhhs, false)""",
    "DNO-01": """from participant where market_role = 'LDSO' and distributor_id <= '23'
        and not is_qualified(mpid, 'LDSO', 'S', date '2025-10-22')""",
    "QAL-01": """from participant where market_role = 'SUP' and effective_to is null
        and mpid not in (select q_mpid from qualified where q_role = 'SUP' and q_day = today())""",
    "QAL-02": """from stage s where market_role = 'SUP' and planned_on::date < today()
        and completed_on is null and not is_qualified(s.mpid, 'SUP', 'S', today())""",
    "QAL-03": """from (select mpid from approval where market_role = 'SUP' and mpid not in
        (select q_mpid from qualified where q_role = 'SUP' and q_day = today())
        group by mpid having count(distinct decision) > 1)""",
    "QAL-04": """from qualified q join participant p on q_mpid = p.mpid and q_role = p.market_role
        where q_day = today() and p.effective_to::date < today()""",
    "REF-01 Supplier": "from holding where supplier_mpid not in (select mpid from participant)",
    "REF-01 agent": """from served where service_role in ('MSS', 'SDS')
        and agent_mpid not in (select mpid from participant)""",
    "INT-01": 'from holding where stated_to > "to"',
    "INT-02": """from (
        select "from", max(stated_to) over (partition by mpan order by "from"
            rows between unbounded preceding and 1 preceding) as before from holding
        ) where "from" > before""",
    "INT-04": f"""from registration where left(mpan, 2)::int not in {tuple(DISTRIBUTOR_IDS)}""",
    "INT-05 event": """from migration where mpan not in (select mpan from registration)""",
    "INT-05 appointment": """from appointment where mpan not in (select mpan from registration)""",
}


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_something_to_show(engine: duckdb.DuckDBPyConnection, rule: str) -> None:
    count = scalar(engine, f"select count(*) {RULES[rule]}")
    assert 1 <= count <= POINTS // 20


def scalar(engine: duckdb.DuckDBPyConnection, query: str) -> float:
    row = engine.execute(query).fetchone()
    assert row
    return float(row[0])


def test_check_digits(engine: duckdb.DuckDBPyConnection) -> None:
    sums = " + ".join(f"mpan[{place}]::int * {weight}" for place, weight in enumerate(WEIGHTS, 1))
    wrong = scalar(
        engine,
        f"select count(distinct mpan) from registration where ({sums}) % 11 % 10 <> mpan[13]::int",
    )
    assert 2 <= wrong <= 5


def test_mpans_are_unique_and_points_as_many_as_asked_for(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    # Some points are connected later only; a scripted few have no registration at all.
    first = "select count(distinct mpan) from registration where registration_type = 'INITIAL'"
    assert 0.97 * POINTS < scalar(engine, first) <= POINTS
    twice = (
        "select count(*) from (select mpan from registration where registration_type = 'INITIAL' "
    )
    assert scalar(engine, f"{twice} group by mpan having count(*) > 1)") == 0


def test_gsp_groups_and_distributors_in_proportion(engine: duckdb.DuckDBPyConnection) -> None:
    total = scalar(engine, "select count(*) from holding")
    shares = sum(dno[1] for dno in DNOS)
    for gsp_group, share, *_ in DNOS:
        found = scalar(
            engine,
            f"""select count(*) from holding join registration using (registration_id)
                where gsp_group_id = '{gsp_group}'""",
        )
        assert found / total == pytest.approx(share / shares, abs=0.012)
    independent = scalar(engine, "select avg((left(mpan, 2) > '23')::int) from holding")
    assert independent == pytest.approx(0.05, abs=0.01)


def test_segments_and_energy(engine: duckdb.DuckDBPyConnection) -> None:
    query = """select market_segment, count(*) / sum(count(*)) over (),
            sum(annual_kwh::double) / sum(sum(annual_kwh::double)) over ()
        from registration group by 1"""
    found = {
        segment: (count, energy) for segment, count, energy in engine.execute(query).fetchall()
    }
    assert found["S"][0] == pytest.approx(0.969, abs=0.01)
    assert found["S"][1] == pytest.approx(0.29, abs=0.06)
    odd = """select count(*) from registration
        where (market_segment = 'U') <> (connection_type = 'U')
            or (market_segment = 'S') and connection_type <> 'W'"""
    assert scalar(engine, odd) == 0


@pytest.mark.parametrize(
    ("day", "share"),
    [
        ("2025-10-21", 0.0),
        ("2026-05-26", 0.27),
        ("2026-07-03", 0.42),
        ("2026-09-18", 0.685),
        ("2026-10-28", 0.80),
    ],
)
def test_migration_follows_its_course(
    engine: duckdb.DuckDBPyConnection, day: str, share: float
) -> None:
    found = scalar(
        engine,
        f"""with migrated as (
                select mpan from event where day <= date '{day}'
                group by mpan having arg_max(direction, (day, direction)) = 'FORWARD'
            )
            select avg((mpan in (from migrated))::int) from holding
            where date '{day}' >= "from" and date '{day}' < "to" """,
    )
    assert found == pytest.approx(share, abs=0.015)


def test_suppliers_qualified_by_m14(engine: duckdb.DuckDBPyConnection) -> None:
    suppliers = scalar(
        engine,
        """select avg(is_qualified(mpid, 'SUP', 'A', m14())::int) from participant
            where market_role = 'SUP'""",
    )
    assert 0.84 < suppliers < 0.91
    points = scalar(
        engine,
        """select avg(is_qualified(supplier_mpid, 'SUP', segment, m14())::int) from holding
            where m14() >= "from" and m14() < "to" """,
    )
    assert points > 0.97


def test_switches_a_year(engine: duckdb.DuckDBPyConnection) -> None:
    switches = scalar(
        engine,
        """select count(*) from registration where registration_type = 'SWITCH'
            and registration_status = 'ACTIVE' and year(effective_from::date) = 2025""",
    )
    assert switches / POINTS == pytest.approx(0.10, abs=0.015)


def test_nothing_of_m14_before_m14(market: Path) -> None:
    with duckdb.connect() as engine:
        state(market, date(2026, 10, 27), "eve", engine)
        assert (
            scalar(
                engine,
                """select count(*) from eve.migration
                where direction = 'REVERSE' and effective_from >= '2026-10-28'""",
            )
            == 0
        )
        # Requests over M14 are on their way, but none has taken effect.
        assert (
            scalar(
                engine,
                """select count(*) from eve.registration
                where registration_status = 'ACTIVE' and effective_from >= '2026-10-28'""",
            )
            == 0
        )


@pytest.mark.parametrize("day", [date(2026, 10, 28), LAST])
def test_full_and_deltas_make_the_market_of_a_later_full(
    market: Path, tmp_path: Path, day: date
) -> None:
    simulate(POINTS, SEED, day, day, tmp_path)
    with duckdb.connect() as engine:
        state(market, day, "replayed", engine)
        # A landing folder with fulls alone has no column change_type.
        for extract in EXTRACTS:
            path = tmp_path / extract / f"{extract}_delta_20000101.csv"
            columns = ",".join(column.name for column in EXTRACTS[extract].columns)
            path.write_text(f"change_type,{columns}\n")
        state(tmp_path, day, "direct", engine)
        for extract in EXTRACTS:
            # Without the attributes of which a full has noted values.
            true = "select columns(c -> c not in ('energisation_status', 'ldso_mpid'))"
            one, other = f"{true} from replayed.{extract}", f"{true} from direct.{extract}"
            assert engine.execute(f"{one} except all {other}").fetchall() == [], extract
            assert engine.execute(f"{other} except all {one}").fetchall() == [], extract
