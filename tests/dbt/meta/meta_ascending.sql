-- The test `ascending` on keys that come twice, go back or hold a null, and on rows in order, which must not fail it.
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

observed as (

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
    ('empty key')

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
