-- The test `sums_reconcile`: sums that differ, that one side lacks, that are 0 where the other has none, that agree.
with

summary (rule_id, exceptions) as (

    values
    ('SUP-01', 2),
    ('SUP-01', 1),
    ('SUP-02', 1),
    ('SUP-03', 1),
    ('SUP-04', 0)

),

listing (rule_id) as (

    values
    ('SUP-01'),
    ('SUP-01'),
    ('SUP-01'),
    ('SUP-02'),
    ('SUP-02'),
    ('SUP-05')

),

observed as (

    select rule_id from ({{ test_sums_reconcile('summary', 'sum(exceptions)', 'listing', 'count(*)', ['rule_id']) }})

),

expected (rule_id) as (

    values
    ('SUP-02'),
    ('SUP-03'),
    ('SUP-05')

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
