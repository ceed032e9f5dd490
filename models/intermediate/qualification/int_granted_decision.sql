with

decisions as (

    select * from {{ ref('int_decision_in_force') }}

),

required_approvals as (

    select
        market_role,
        count(*) as bodies_required
    from {{ ref('required_approval') }}
    group by market_role

),

final as (

    select
        decisions.mpid,
        decisions.market_role,
        decisions.market_segment,
        decisions.approval_body,
        required_approvals.bodies_required,
        decisions.valid_from,
        decisions.valid_to
    from decisions
    inner join required_approvals
        on decisions.market_role = required_approvals.market_role
    where decisions.is_granted and decisions.is_required

)

select * from final
