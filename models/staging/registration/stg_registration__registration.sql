with

source as (

    select * from {{ source('raw', 'registration') }}

),

final as (

    select
        registration_id,
        mpan,
        supplier_mpid,
        registration_type,
        registration_status,
        requested_at,
        effective_from as valid_from,
        {{ half_open_end('effective_to') }} as valid_to,
        market_segment,
        connection_type,
        gsp_group_id,
        ldso_mpid,
        energisation_status,
        is_domestic,
        rmp_status <> 'T' and mp_status <> 'X' as is_live,
        rmp_status,
        mp_status,
        annual_kwh,
        load_id
    from source

)

select * from final
