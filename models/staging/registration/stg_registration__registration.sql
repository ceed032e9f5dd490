with

source as (

    select * from {{ source('raw', 'registration') }}

),

final as (

    select
        registration_id,
        mpan,
        supplier_mpid,
        {{ label_text('registration_type') }} as registration_type,
        registration_status,
        requested_at,
        effective_from as valid_from,
        {{ half_open_end('effective_to') }} as valid_to,
        {{ label_text('market_segment') }} as market_segment,
        {{ label_text('connection_type') }} as connection_type,
        {{ label_text('gsp_group_id') }} as gsp_group_id,
        ldso_mpid,
        {{ label_text('energisation_status') }} as energisation_status,
        is_domestic,
        rmp_status <> 'T' and mp_status <> 'X' as is_live,
        {{ label_text('rmp_status') }} as rmp_status,
        {{ label_text('mp_status') }} as mp_status,
        annual_kwh,
        load_id
    from source

)

select * from final
