with

participants as (

    select * from {{ ref('dim_participant') }}

),

agent_roles as (

    select market_role from {{ ref('market_role') }}
    where role_group in ('METERING', 'DATA')

),

served as (

    select * from {{ ref('int_agent_service') }}

),

-- Not from the participants: an agent that standing data does not know may be Qualified.
qualifications as (

    select * from {{ ref('int_party_qualification') }}

),

party_reasons as (

    select * from {{ ref('int_party_reason') }}

),

plans as (

    select * from {{ ref('int_party_plan') }}

),

exceptions as (

    select * from {{ ref('fct_exception') }}

),

m14 as (

    select milestone_date as m14_date from {{ ref('int_milestone') }}
    where milestone = 'M14'

),

agents as (

    select
        participants.mpid,
        participants.market_role
    from participants
    inner join agent_roles
        on participants.market_role = agent_roles.market_role
    where participants.is_in_force
    union
    select
        served.mpid,
        served.market_role
    from served
    inner join agent_roles
        on served.market_role = agent_roles.market_role

),

breaches as (

    select
        mpid,
        market_role,
        count(*) as open_breaches
    from exceptions
    where
        severity = 'BREACH'
        and status = 'OPEN'
    group by mpid, market_role

),

joined as (

    select
        agents.mpid,
        agents.market_role,
        participants.participant_name,
        participants.company_number,
        coalesce(participants.is_in_force, false) as is_in_force,
        qualifications.mpid is not null as is_qualified,
        qualifications.qualified_from,
        party_reasons.reason_code,
        party_reasons.missing_approvals,
        plans.tranche,
        plans.current_stage,
        plans.next_stage,
        plans.next_due_on,
        coalesce(plans.overdue_stages, 0) as overdue_stages,
        plans.planned_on,
        plans.expected_on,
        coalesce(plans.has_plan, false) as has_plan,
        coalesce(served.mhhs_points_served, 0) as mhhs_points_served,
        coalesce(breaches.open_breaches, 0) as open_breaches
    from agents
    left join participants
        on
            agents.mpid = participants.mpid
            and agents.market_role = participants.market_role
    left join qualifications
        on
            agents.mpid = qualifications.mpid
            and agents.market_role = qualifications.market_role
    left join party_reasons
        on
            agents.mpid = party_reasons.mpid
            and agents.market_role = party_reasons.market_role
    left join plans
        on
            agents.mpid = plans.mpid
            and agents.market_role = plans.market_role
    left join served
        on
            agents.mpid = served.mpid
            and agents.market_role = served.market_role
    left join breaches
        on
            agents.mpid = breaches.mpid
            and agents.market_role = breaches.market_role

),

final as (

    select
        joined.mpid,
        joined.market_role,
        joined.participant_name,
        joined.company_number,
        joined.is_in_force,
        joined.is_qualified,
        joined.qualified_from,
        case
            when joined.is_qualified then 'QUALIFIED'
            else {{ road_status('joined', 'm14.m14_date') }}
        end as readiness_status,
        joined.reason_code as reason,
        joined.missing_approvals,
        joined.tranche,
        joined.current_stage,
        joined.next_stage,
        joined.next_due_on,
        cast(joined.overdue_stages as integer) as overdue_stages,
        joined.planned_on as planned_qualification_on,
        joined.expected_on as forecast_qualification_on,
        cast(m14.m14_date - joined.expected_on as integer) as days_margin_to_m14,
        joined.mhhs_points_served,
        case when joined.is_qualified then 0 else joined.mhhs_points_served end as points_served_not_qualified,
        joined.open_breaches
    from joined
    cross join m14

)

select * from final
