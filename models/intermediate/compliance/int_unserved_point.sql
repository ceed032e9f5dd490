{# Live, migrated Metering Points on the as-of day that no active agent of a kind serves, and since when. #}
with

-- Nearly all have both kinds of service: the rest alone need be looked at.
points as (

    select
        *,
        coalesce(metering_until, {{ start_of_time() }}) as metered_until,
        coalesce(data_until, {{ start_of_time() }}) as collected_until
    from {{ ref('dim_metering_point') }}
    where
        is_live
        and regime = 'MHHS'

),

unserved as (

    select * from points
    where
        metered_until <= {{ as_of() }}
        or collected_until <= {{ as_of() }}

),

mhhs_spells as (

    select * from {{ ref('fct_regime') }}

),

holdings as (

    select * from {{ ref('fct_holding') }}

),

-- Every appointment counted here starts on or before the as-of day, so what ended last ended the service.
by_service as (

    select
        'METERING' as service,
        unserved.*,
        metered_until as served_until
    from unserved
    -- Unmetered supply has no metering service.
    where market_segment <> 'U'
    union all
    select
        'DATA' as service,
        unserved.*,
        collected_until as served_until
    from unserved

),

final as (

    select
        by_service.service,
        by_service.registration_id,
        by_service.mpan,
        by_service.supplier_mpid,
        {{ point_attributes('by_service') }},
        greatest(mhhs_spells.valid_from, by_service.served_until) as unserved_from,
        holdings.load_id
    from by_service
    inner join mhhs_spells
        on
            by_service.mpan = mhhs_spells.mpan
            and {{ covers('mhhs_spells', as_of()) }}
    inner join holdings
        on
            by_service.mpan = holdings.mpan
            and by_service.registration_id = holdings.registration_id
    where by_service.served_until <= {{ as_of() }}

)

select * from final
