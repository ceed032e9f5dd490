{{ config(materialized='view') }}

with

appointments as (

    select * from {{ ref('stg_appointment__appointment') }}
    where
        appointment_status = 'ACTIVE'
        and valid_from <= {{ as_of() }}

),

orphans as (

    select * from {{ ref('int_orphan') }}

),

-- An appointment to an MPAN without any registration is rule INT-05's: every other rule skips it.
final as (

    select
        appointments.appointment_id,
        appointments.mpan,
        appointments.service_role,
        appointments.agent_mpid,
        appointments.valid_from,
        appointments.valid_to,
        appointments.load_id
    from appointments
    anti join orphans
        on appointments.mpan = orphans.mpan

)

select * from final
