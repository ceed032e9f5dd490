-- The test `no_gap` on intervals that must fail it, and on touching and single ones over all time that must not.
with

intervals (id, valid_from, valid_to) as (

    values
    ('touching', date '0001-01-01', date '2026-02-01'),
    ('touching', date '2026-02-01', date '9999-12-31'),
    ('single', date '0001-01-01', date '9999-12-31'),
    ('day missing', date '0001-01-01', date '2026-02-01'),
    ('day missing', date '2026-02-02', date '9999-12-31'),
    ('overlapping', date '0001-01-01', date '2026-02-02'),
    ('overlapping', date '2026-02-01', date '9999-12-31'),
    ('nested', date '0001-01-01', date '9999-12-31'),
    ('nested', date '2026-03-01', date '9999-12-31'),
    ('equal', date '0001-01-01', date '9999-12-31'),
    ('equal', date '0001-01-01', date '9999-12-31'),
    ('empty', date '0001-01-01', date '2026-02-01'),
    ('empty', date '2026-02-01', date '2026-02-01'),
    ('empty', date '2026-02-01', date '9999-12-31'),
    ('late start', date '2026-01-01', date '9999-12-31'),
    ('early end', date '0001-01-01', date '2026-01-01')

),

observed as (

    select
        'all time' as setting,
        id
    from ({{ test_no_gap('intervals', ['id']) }})
    union all
    select
        'between' as setting,
        id
    from ({{ test_no_gap('intervals', ['id'], all_time=false) }})

),

expected (setting, id) as (

    values
    ('all time', 'day missing'),
    ('all time', 'overlapping'),
    ('all time', 'nested'),
    ('all time', 'equal'),
    ('all time', 'empty'),
    ('all time', 'late start'),
    ('all time', 'early end'),
    ('between', 'day missing'),
    ('between', 'overlapping'),
    ('between', 'nested'),
    ('between', 'equal'),
    ('between', 'empty')

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
