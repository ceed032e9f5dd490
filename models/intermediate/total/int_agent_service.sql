with

appointments as (

    select * from {{ ref('fct_appointment') }}
    where is_counted

),

mhhs_spells as (

    select * from {{ ref('fct_regime') }}

),

contested as (

    select mpan from {{ ref('dim_metering_point') }}
    where has_several_agents

),

serving as (

    select
        appointments.agent_mpid as mpid,
        appointments.service_role as market_role,
        count(*) as appointments
    from appointments
    semi join mhhs_spells
        on
            appointments.mpan = mhhs_spells.mpan
            and {{ covers('mhhs_spells', as_of()) }}
    where {{ covers('appointments', as_of()) }}
    group by appointments.agent_mpid, appointments.service_role

),

-- A point that one agent serves by several appointments counts once. Few have several: counting distinct points of all
-- would hold the market in memory.
serving_again as (

    select
        appointments.agent_mpid as mpid,
        appointments.service_role as market_role,
        appointments.mpan,
        count(*) - 1 as appointments
    from appointments
    semi join contested
        on appointments.mpan = contested.mpan
    semi join mhhs_spells
        on
            appointments.mpan = mhhs_spells.mpan
            and {{ covers('mhhs_spells', as_of()) }}
    where {{ covers('appointments', as_of()) }}
    group by appointments.agent_mpid, appointments.service_role, appointments.mpan

),

surplus as (

    select
        mpid,
        market_role,
        sum(appointments) as appointments
    from serving_again
    group by mpid, market_role

),

final as (

    select
        serving.mpid,
        serving.market_role,
        cast(serving.appointments - coalesce(surplus.appointments, 0) as bigint) as mhhs_points_served
    from serving
    left join surplus
        on
            serving.mpid = surplus.mpid
            and serving.market_role = surplus.market_role

)

select * from final
