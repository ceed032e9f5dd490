-- The summary counts each exception once.
with

summary as (

    select
        rule_id,
        cast(sum(exceptions) as bigint) as exceptions
    from {{ ref('rpt_exception_summary') }}
    group by rule_id
    having sum(exceptions) > 0

),

exceptions as (

    select
        rule_id,
        count(*) as exceptions
    from {{ ref('fct_exception') }}
    group by rule_id

)

(
    select * from summary
    except
    select * from exceptions
)
union all
(
    select * from exceptions
    except
    select * from summary
)
