with

source as (

    select * from {{ source('raw', 'appointment') }}

),

final as (

    select
        appointment_id,
        mpan,
        service_role,
        agent_mpid,
        appointment_status,
        scenario,
        effective_from as valid_from,
        {{ half_open_end('effective_to') }} as valid_to,
        load_id
    from source

)

select * from final
