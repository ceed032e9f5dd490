with

registrations as (

    select * from {{ ref('stg_registration__registration') }}

),

migration_events as (

    select * from {{ ref('fct_migration') }}

),

appointments as (

    select * from {{ ref('fct_appointment') }}

),

-- Counted by feed first: a party stands in few places, and in millions of rows.
counted as (

    select
        supplier_mpid as mpid,
        'SUP' as market_role,
        count(*) as times_named
    from registrations
    group by supplier_mpid
    union all
    select
        supplier_mpid as mpid,
        'SUP' as market_role,
        count(*) as times_named
    from migration_events
    where supplier_mpid is not null
    group by supplier_mpid
    union all
    select
        agent_mpid as mpid,
        service_role as market_role,
        count(*) as times_named
    from appointments
    group by agent_mpid, service_role

),

final as (

    select
        mpid,
        market_role,
        cast(sum(times_named) as bigint) as times_named
    from counted
    group by mpid, market_role

)

select * from final
