-- The test `unique_key` on keys that occur twice or hold a null, and on keys that differ in one column only.
with

keyed (mpid, market_role) as (

    values
    ('ALDR', 'SUP'),
    ('ALDR', 'MSS'),
    ('BECH', 'SUP'),
    ('BECH', 'SUP'),
    ('CEDR', null)

),

observed as (

    select mpid from ({{ test_unique_key('keyed', ['mpid', 'market_role']) }})

),

expected (mpid) as (

    values
    ('BECH'),
    ('CEDR')

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
