with

stages as (

    select * from {{ ref('int_stage') }}

),

final as (

    select
        mpid,
        market_role,
        stage,
        cast(stage_order as integer) as stage_order,
        tranche,
        test_route,
        planned_on,
        forecast_on,
        completed_on,
        cast(days_late as integer) as days_late,
        is_overdue,
        evidence_reference
    from stages

)

select * from final
