with

party_stages as (

    select * from {{ ref('int_party_stage') }}

),

decisions as (

    select * from {{ ref('int_decision_in_force') }}

),

granted_ahead as (

    select
        mpid,
        market_role,
        max(valid_from) as granted_from
    from decisions
    where
        is_granted
        and is_required
        and valid_from > {{ as_of() }}
    group by mpid, market_role

),

parties as (

    select
        mpid,
        market_role
    from party_stages
    union
    select
        mpid,
        market_role
    from granted_ahead

),

final as (

    select
        parties.mpid,
        parties.market_role,
        party_stages.tranche,
        party_stages.current_stage,
        party_stages.next_stage,
        party_stages.next_due_on,
        coalesce(party_stages.overdue_stages, 0) as overdue_stages,
        party_stages.planned_on,
        greatest(party_stages.forecast_on, granted_ahead.granted_from) as expected_on,
        coalesce(party_stages.has_final_date, false) or granted_ahead.mpid is not null as has_plan
    from parties
    left join party_stages
        on
            parties.mpid = party_stages.mpid
            and parties.market_role = party_stages.market_role
    left join granted_ahead
        on
            parties.mpid = granted_ahead.mpid
            and parties.market_role = granted_ahead.market_role

)

select * from final
