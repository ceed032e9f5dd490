with

source as (

    select * from {{ source('raw', 'participant') }}

),

final as (

    select
        mpid,
        market_role,
        participant_name,
        company_number,
        dip_id,
        case when market_role = 'LDSO' then distributor_id end as distributor_id,
        effective_from as valid_from,
        {{ half_open_end('effective_to') }} as valid_to,
        load_id
    from source

)

select * from final
