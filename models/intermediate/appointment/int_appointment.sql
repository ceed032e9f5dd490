with

appointments as (

    select * from {{ ref('stg_appointment__appointment') }}
    where
        appointment_status = 'ACTIVE'
        and valid_from <= {{ as_of() }}

),

registrations as (

    select mpan from {{ ref('int_registration_order') }}
    where is_newest

),

-- An appointment to an MPAN without any registration is rule INT-05's: every other rule skips it.
final as (

    select appointments.*
    from appointments
    semi join registrations
        on appointments.mpan = registrations.mpan

)

select * from final
