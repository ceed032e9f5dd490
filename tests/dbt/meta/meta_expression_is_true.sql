-- The test `expression_is_true` on rows for which it is false or null, and on one for which it is true.
with

amounts (id, points) as (

    values
    ('positive', 1),
    ('zero', 0),
    ('unknown', null)

),

observed as (

    select id from ({{ test_expression_is_true('amounts', 'points > 0') }})

),

expected (id) as (

    values
    ('zero'),
    ('unknown')

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
