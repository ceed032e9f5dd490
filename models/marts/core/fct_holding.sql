with

holdings as (

    select * from {{ ref('int_holding') }}

),

-- By number, before it is text: readers find a point in few blocks. What is open lies apart: its end takes no bytes.
in_order as (

    select * from holdings
    order by valid_to < {{ open_end() }}, mpan, valid_from

),

final as (

    select
        registration_id,
        {{ mpan_text('mpan') }} as mpan,
        supplier_mpid,
        {{ label_text('registration_type') }} as registration_type,
        valid_from,
        valid_to,
        {{ settlement_date('requested_at') }} as requested_on,
        {{ label_text('market_segment') }} as market_segment,
        {{ label_text('connection_type') }} as connection_type,
        {{ label_text('gsp_group_id') }} as gsp_group_id,
        ldso_mpid,
        {{ label_text('energisation_status') }} as energisation_status,
        is_domestic,
        {{ label_text('rmp_status') }} as rmp_status,
        {{ label_text('mp_status') }} as mp_status,
        annual_kwh,
        is_live
    from in_order

)

select * from final
