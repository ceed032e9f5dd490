{# Of appointments and events those few that no rule but INT-05 counts. #}
with

migrations as (

    select
        mpan,
        cast(null as varchar) as appointment_id,
        effective_from as begins_on,
        direction = 'REVERSE' as is_reverse,
        load_id
    from {{ ref('fct_migration') }}
    where
        effective_from <= {{ as_of() }}
        and not is_counted

),

appointments as (

    select
        mpan,
        appointment_id,
        valid_from as begins_on,
        false as is_reverse,
        load_id
    from {{ ref('fct_appointment') }}
    where
        appointment_status = 'ACTIVE'
        and valid_from <= {{ as_of() }}
        and not is_counted

),

final as (

    select * from migrations
    union all
    select * from appointments

)

select * from final
