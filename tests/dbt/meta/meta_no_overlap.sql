-- The test `no_overlap` on intervals that must fail it, and on touching, open and single ones that must not.
with

intervals (id, valid_from, valid_to) as (

    values
    ('touching', date '2026-01-01', date '2026-02-01'),
    ('touching', date '2026-02-01', date '9999-12-31'),
    ('overlapping', date '2026-01-01', date '2026-02-02'),
    ('overlapping', date '2026-02-01', date '2026-03-01'),
    ('nested', date '2026-01-01', date '2026-12-01'),
    ('nested', date '2026-03-01', date '2026-04-01'),
    ('equal', date '2026-01-01', date '2026-02-01'),
    ('equal', date '2026-01-01', date '2026-02-01'),
    ('gap', date '2026-01-01', date '2026-02-01'),
    ('gap', date '2026-02-02', date '2026-03-01'),
    ('empty', date '2026-01-01', date '2026-01-01'),
    ('single', date '2026-01-01', date '9999-12-31')

),

observed as (

    select
        'default' as setting,
        id
    from ({{ test_no_overlap('intervals', ['id']) }})
    union all
    select
        'no touching' as setting,
        id
    from ({{ test_no_overlap('intervals', ['id'], may_touch=false) }})

),

expected (setting, id) as (

    values
    ('default', 'overlapping'),
    ('default', 'nested'),
    ('default', 'equal'),
    ('default', 'empty'),
    ('no touching', 'overlapping'),
    ('no touching', 'nested'),
    ('no touching', 'equal'),
    ('no touching', 'empty'),
    ('no touching', 'touching')

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
