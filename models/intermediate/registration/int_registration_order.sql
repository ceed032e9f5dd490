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
        requested_at,
        valid_from,
        least(valid_to, coalesce(next_from, {{ open_end() }})) as valid_to,
        valid_to as registered_to,
        next_from,
        next_from is null as is_newest,
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
    from ordered

)

select * from final
