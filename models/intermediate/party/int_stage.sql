with

stages as (

    select * from {{ ref('stg_qualification__stage') }}

),

stage_order as (

    select * from {{ ref('qualification_stage') }}

),

final as (

    select
        stages.mpid,
        stages.market_role,
        stages.stage,
        stage_order.stage_order,
        stages.tranche,
        stages.test_route,
        stages.planned_on,
        stages.forecast_on,
        stages.completed_on,
        coalesce(stages.completed_on <= {{ as_of() }}, false) as is_complete,
        coalesce(stages.planned_on < {{ as_of() }}, false)
        and not coalesce(stages.completed_on <= {{ as_of() }}, false) as is_overdue,
        case
            when stages.completed_on <= {{ as_of() }} then stages.completed_on - stages.planned_on
            when stages.planned_on < {{ as_of() }} then {{ as_of() }} - stages.planned_on
        end as days_late,
        stages.evidence_reference,
        stages.load_id
    from stages
    inner join stage_order
        on stages.stage = stage_order.stage

)

select * from final
