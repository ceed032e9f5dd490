-- The test `accepted_values_from_seed` on values that a list lacks, or has in another case, on listed ones and on null.
with

listed (market_role, title) as (

    values
    ('SUP', 'Supplier'),
    ('MSS', 'Metering Service Smart'),
    (null, null)

),

used (market_role) as (

    values
    ('SUP'),
    ('sup'),
    ('MOP'),
    ('MOP'),
    ('Supplier'),
    (null)

),

observed as (

    select
        'same name' as setting,
        market_role,
        occurrences
    from ({{ test_accepted_values_from_seed('used', 'market_role', 'listed') }})
    union all
    select
        'other name' as setting,
        market_role,
        occurrences
    from ({{ test_accepted_values_from_seed('used', 'market_role', 'listed', seed_column='title') }})

),

expected (setting, market_role, occurrences) as (

    values
    ('same name', 'sup', 1),
    ('same name', 'MOP', 2),
    ('same name', 'Supplier', 1),
    ('other name', 'SUP', 1),
    ('other name', 'sup', 1),
    ('other name', 'MOP', 2)

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
