{# Where a party stands on the road: the last complete stage, the first that is not, the dates that count. #}
with

stages as (

    select * from {{ ref('int_stage') }}

),

final as (

    select
        mpid,
        market_role,
        arg_max(tranche, stage_order) filter (where tranche is not null) as tranche,
        arg_max(stage, stage_order) filter (where is_complete) as current_stage,
        arg_min(stage, stage_order) filter (where not is_complete) as next_stage,
        -- The date of that stage, also where it has none: a later stage's date would mislead.
        arg_min_null(coalesce(forecast_on, planned_on), stage_order) filter (where not is_complete) as next_due_on,
        count(*) filter (where is_overdue) as overdue_stages,
        max(planned_on) as planned_on,
        max(coalesce(forecast_on, planned_on)) as forecast_on,
        coalesce(
            bool_or(stage = 'QAD_FINAL' and coalesce(forecast_on, planned_on) is not null), false
        ) as has_final_date
    from stages
    group by mpid, market_role

)

select * from final
