{# One window function alone: more of them over rows this wide would cost more than the rest of the build. #}
with

registrations as (

    select * from {{ ref('stg_registration__registration') }}
    where
        registration_status = 'ACTIVE'
        and valid_from <= {{ as_of() }}

),

-- Of two that start on one day the greater id comes later and holds; the other's holding is empty.
ordered as (

    select
        *,
        lead(valid_from) over (partition by mpan order by valid_from, registration_id) as next_from
    from registrations

),

final as (

    select
        registration_id,
        mpan,
        supplier_mpid,
        registration_type,
        valid_from,
        least(valid_to, coalesce(next_from, {{ open_end() }})) as valid_to,
        valid_to as registered_to,
        next_from,
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
        is_live,
        load_id
    from ordered
    -- Readers find a point in few blocks, and a test of order and overlap compares neighbours alone.
    order by
        mpan,
        valid_from,
        registration_id

)

select * from final
