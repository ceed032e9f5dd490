with

milestones as (

    select * from {{ ref('int_milestone') }}
    where milestone = 'M11'

),

final as (

    select least(milestone_date - 28, {{ as_of() }}) as first_day
    from milestones

)

select * from final
