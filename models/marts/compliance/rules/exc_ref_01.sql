{# A party holds, or serves in an MHHS role, on the as-of day with no participant row in force on it for that role. #}
with

holdings as (

    select * from {{ ref('fct_holding') }}

),

appointments as (

    select * from {{ ref('fct_appointment') }}
    where is_counted

),

mhhs_roles as (

    select market_role from {{ ref('market_role') }}
    where is_mhhs_role

),

in_force_spells as (

    select * from {{ ref('int_in_force_spell') }}

),

named_parties as (

    select * from {{ ref('int_named_party') }}

),

-- Few parties are unknown: only what they hold or serve is looked at.
unknown_parties as (

    select
        named_parties.mpid,
        named_parties.market_role
    from named_parties
    anti join in_force_spells
        on
            named_parties.mpid = in_force_spells.mpid
            and named_parties.market_role = in_force_spells.market_role
            and {{ covers('in_force_spells', as_of()) }}

),

unknown_agents as (

    select unknown_parties.* from unknown_parties
    semi join mhhs_roles
        on unknown_parties.market_role = mhhs_roles.market_role

),

active_parties as (

    select
        holdings.supplier_mpid as mpid,
        'SUP' as market_role,
        min(holdings.valid_from) as active_from,
        arg_min(holdings.load_id, (holdings.valid_from, holdings.registration_id)) as load_id
    from holdings
    semi join unknown_parties
        on
            holdings.supplier_mpid = unknown_parties.mpid
            and unknown_parties.market_role = 'SUP'
    where {{ covers('holdings', as_of()) }}
    group by holdings.supplier_mpid
    union all
    select
        appointments.agent_mpid as mpid,
        appointments.service_role as market_role,
        min(appointments.valid_from) as active_from,
        arg_min(appointments.load_id, (appointments.valid_from, appointments.appointment_id)) as load_id
    from appointments
    semi join unknown_agents
        on
            appointments.agent_mpid = unknown_agents.mpid
            and appointments.service_role = unknown_agents.market_role
    where {{ covers('appointments', as_of()) }}
    group by appointments.agent_mpid, appointments.service_role

),

final as (

    select
        'REF-01' as rule_id,
        active_parties.mpid || '|' || active_parties.market_role as subject_key,
        active_parties.mpid,
        active_parties.market_role,
        'OPEN' as status,
        active_parties.active_from as occurred_on,
        case when active_parties.market_role = 'SUP' then 'holds' else 'serves' end
        || ' Metering Points as ' || active_parties.market_role || ' since '
        || {{ day_in_words('active_parties.active_from') }}
        || ' and is not in force in standing data for that role' as what_happened,
        active_parties.load_id
    from active_parties

)

select * from final
