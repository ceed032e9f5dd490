with

appointments as (

    select * from {{ ref('stg_appointment__appointment') }}

),

mhhs_roles as (

    select market_role from {{ ref('market_role') }}
    where is_mhhs_role

),

registered as (

    select mpan from {{ ref('fct_holding') }}
    where next_from is null

),

-- An appointment to an MPAN without any registration is rule INT-05's: every other rule skips it.
final as (

    select
        appointment_id,
        mpan,
        service_role,
        agent_mpid,
        appointment_status,
        scenario,
        valid_from,
        valid_to,
        service_role in (select mhhs_roles.market_role from mhhs_roles) as is_mhhs_role,
        appointment_status = 'ACTIVE'
        and valid_from <= {{ as_of() }}
        and mpan in (select registered.mpan from registered) as is_counted,
        load_id
    from appointments
    -- Readers find a point in few blocks.
    order by
        mpan,
        valid_from,
        appointment_id

)

select * from final
