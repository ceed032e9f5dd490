with

registrations as (

    select * from {{ ref('stg_registration__registration') }}

),

final as (

    select
        registration_id,
        mpan,
        supplier_mpid,
        registration_type,
        requested_at,
        valid_from,
        valid_to as registered_to,
        -- Of two that start on one day the greater id comes later and holds; the other's holding is empty.
        least(valid_to, lead(valid_from, 1, {{ open_end() }}) over holding_order) as valid_to,
        lead(registration_id) over holding_order is null as is_newest,
        lag(registration_id) over holding_order as previous_registration_id,
        lag(valid_to) over holding_order as previous_registered_to,
        max(valid_to) over (holding_order rows between unbounded preceding and 1 preceding) as covered_until,
        market_segment,
        connection_type,
        gsp_group_id,
        ldso_mpid,
        energisation_status,
        is_domestic,
        is_live,
        rmp_status,
        mp_status,
        annual_kwh,
        load_id
    from registrations
    where
        registration_status = 'ACTIVE'
        and valid_from <= {{ as_of() }}
    window holding_order as (partition by mpan order by valid_from, registration_id)

)

select * from final
