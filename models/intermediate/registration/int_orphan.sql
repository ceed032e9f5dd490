with

migrations as (

    select mpan from {{ ref('stg_registration__migration') }}
    where migrated_on <= {{ as_of() }}

),

appointments as (

    select mpan from {{ ref('stg_appointment__appointment') }}
    where
        appointment_status = 'ACTIVE'
        and valid_from <= {{ as_of() }}

),

registered as (

    select mpan from {{ ref('int_registration_order') }}
    where is_newest

),

spoken_of as (

    select * from migrations
    union all
    select * from appointments

),

final as (

    select distinct spoken_of.mpan
    from spoken_of
    anti join registered
        on spoken_of.mpan = registered.mpan

)

select * from final
