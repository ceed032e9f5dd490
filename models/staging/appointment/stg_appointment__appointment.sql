with

source as (

    select * from {{ source('raw', 'appointment') }}

),

final as (

    select
        appointment_id,
        mpan,
        {{ label_text('service_role') }} as service_role,
        agent_mpid,
        {{ label_text('appointment_status') }} as appointment_status,
        {{ label_text('scenario') }} as scenario,
        effective_from as valid_from,
        {{ half_open_end('effective_to') }} as valid_to,
        load_id
    from source

)

select * from final
