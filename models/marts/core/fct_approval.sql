with

decisions as (

    select * from {{ ref('int_decision_in_force') }}

),

final as (

    select
        mpid,
        market_role,
        approval_body,
        market_segment,
        valid_from as effective_from,
        decision,
        is_granted,
        is_required,
        segments,
        valid_from,
        valid_to
    from decisions

)

select * from final
