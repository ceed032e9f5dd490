with

stages as (

    select * from {{ ref('int_stage') }}

),

final as (

    select
        coalesce(tranche, '-') as tranche,
        market_role,
        stage,
        cast(max(stage_order) as integer) as stage_order,
        count(*) as parties,
        count(*) filter (where planned_on <= {{ as_of() }}) as planned,
        count(*) filter (where is_complete) as completed,
        count(*) filter (where is_overdue) as overdue
    from stages
    group by coalesce(tranche, '-'), market_role, stage

)

select * from final
