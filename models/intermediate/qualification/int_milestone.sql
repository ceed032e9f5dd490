{# The date in use on the as-of day: of the baselines known by then the latest, else the earliest known. #}
with

milestones as (

    select * from {{ ref('milestone') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by milestone
            order by
                known_from <= {{ as_of() }} desc,
                case when known_from <= {{ as_of() }} then known_from end desc,
                known_from asc
        ) as preference
    from milestones

),

final as (

    select
        milestone,
        date as milestone_date,
        baseline,
        title,
        known_from,
        source
    from ranked
    where preference = 1

)

select * from final
