{# Of appointments and events those few alone: rules need not go through all of them again. #}
with

migrations as (

    select
        mpan,
        cast(null as varchar) as appointment_id,
        migrated_on as begins_on,
        direction = 'REVERSE' as is_reverse,
        load_id
    from {{ ref('stg_registration__migration') }}
    where migrated_on <= {{ as_of() }}

),

appointments as (

    select
        mpan,
        appointment_id,
        valid_from as begins_on,
        false as is_reverse,
        load_id
    from {{ ref('stg_appointment__appointment') }}
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

    select spoken_of.*
    from spoken_of
    anti join registered
        on spoken_of.mpan = registered.mpan

)

select * from final
