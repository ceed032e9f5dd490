with

holdings as (

    select * from {{ ref('int_holding') }}

),

final as (

    select
        registration_id,
        {{ mpan_text('mpan') }} as mpan,
        supplier_mpid,
        registration_type,
        valid_from,
        valid_to,
        {{ settlement_date('requested_at') }} as requested_on,
        market_segment,
        connection_type,
        gsp_group_id,
        ldso_mpid,
        energisation_status,
        is_domestic,
        rmp_status,
        mp_status,
        annual_kwh,
        is_live
    from holdings

)

select * from final
