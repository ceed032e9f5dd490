-- The test `ascending` on keys that come twice, go back or hold a null, on intervals that overlap or end before they
-- start, and on rows in order, which must not fail it.
with

in_order (mpid, market_role) as (

    values
    ('ALDR', 'MSS'),
    ('ALDR', 'SUP'),
    ('BECH', 'MSS')

),

twice (mpid, market_role) as (

    values
    ('ALDR', 'SUP'),
    ('ALDR', 'SUP')

),

back (mpid, market_role) as (

    values
    ('BECH', 'MSS'),
    ('ALDR', 'SUP')

),

back_within (mpid, market_role) as (

    values
    ('ALDR', 'SUP'),
    ('ALDR', 'MSS')

),

empty_key (mpid, market_role) as (

    values
    ('ALDR', 'MSS'),
    ('ALDR', null)

),

apart (mpid, valid_from, valid_to) as (

    values
    ('ALDR', date '2026-01-01', date '2026-02-01'),
    ('ALDR', date '2026-02-02', date '9999-12-31'),
    ('BECH', date '2026-01-01', date '2026-02-01')

),

touching (mpid, valid_from, valid_to) as (

    values
    ('ALDR', date '2026-01-01', date '2026-02-01'),
    ('ALDR', date '2026-02-01', date '9999-12-31')

),

empty_interval (mpid, valid_from, valid_to) as (

    values
    ('ALDR', date '2026-01-01', date '2026-01-01')

),

overlapping (mpid, valid_from, valid_to) as (

    values
    ('ALDR', date '2026-01-01', date '2026-02-02'),
    ('ALDR', date '2026-02-01', date '9999-12-31')

),

backwards (mpid, valid_from, valid_to) as (

    values
    ('ALDR', date '2026-02-01', date '2026-01-31')

),

intervals_observed as (

    {% set within = {'keys': ['mpid', 'valid_from'], 'no_overlap_within': ['mpid']} -%}
    {% for name in ['apart', 'touching', 'empty_interval', 'overlapping', 'backwards'] -%}
        select '{{ name }}' as rows_seen
        from ({{ test_ascending(name, **within) }})
        union all
        select '{{ name }}, no touching' as rows_seen
        from ({{ test_ascending(name, may_touch=false, **within) }})
        union all
    {% endfor -%}
    select 'none' as rows_seen
    where false

),

observed as (

    select rows_seen from intervals_observed
    union all

    select 'in order' as rows_seen from ({{ test_ascending('in_order', ['mpid', 'market_role']) }})
    union all
    select 'twice' as rows_seen from ({{ test_ascending('twice', ['mpid', 'market_role']) }})
    union all
    select 'back' as rows_seen from ({{ test_ascending('back', ['mpid', 'market_role']) }})
    union all
    select 'back within' as rows_seen from ({{ test_ascending('back_within', ['mpid', 'market_role']) }})
    union all
    select 'empty key' as rows_seen from ({{ test_ascending('empty_key', ['mpid', 'market_role']) }})

),

expected (rows_seen) as (

    values
    ('twice'),
    ('back'),
    ('back within'),
    ('empty key'),
    ('touching, no touching'),
    ('empty_interval, no touching'),
    ('overlapping'),
    ('overlapping, no touching'),
    ('backwards'),
    ('backwards, no touching')

)

(
    select * from observed
    except all
    select * from expected
)
union all
(
    select * from expected
    except all
    select * from observed
)
