{# Live, migrated Metering Points on the as-of day that no active agent of a kind serves, and since when. #}
with

holdings as (

    select * from {{ ref('int_holding') }}

),

mhhs_spells as (

    select * from {{ ref('int_mhhs_spell') }}

),

services as (

    select * from {{ ref('int_service') }}

),

-- Nearly all have both kinds; the rest alone need be looked at. Read apart: of what is read twice the engine makes
-- a copy.
served as (

    select mpan from {{ ref('int_service') }}
    where
        metering_until > {{ as_of() }}
        and data_until > {{ as_of() }}

),

live_holdings as (

    select holdings.* from holdings
    anti join served
        on holdings.mpan = served.mpan
    where
        holdings.is_live
        and {{ covers('holdings', as_of()) }}

),

-- Every appointment counted here starts on or before the as-of day, so what ended last ended the service.
unserved as (

    select
        live_holdings.registration_id,
        live_holdings.mpan,
        live_holdings.supplier_mpid,
        {{ point_attributes('live_holdings') }},
        live_holdings.load_id,
        mhhs_spells.valid_from as migrated_from,
        coalesce(services.metering_until, {{ start_of_time() }}) as metering_until,
        coalesce(services.data_until, {{ start_of_time() }}) as data_until
    from live_holdings
    inner join mhhs_spells
        on
            live_holdings.mpan = mhhs_spells.mpan
            and {{ covers('mhhs_spells', as_of()) }}
    left join services
        on live_holdings.mpan = services.mpan

),

by_service as (

    select
        'METERING' as service,
        unserved.*,
        metering_until as served_until
    from unserved
    -- Unmetered supply has no metering service.
    where market_segment <> 'U'
    union all
    select
        'DATA' as service,
        unserved.*,
        data_until as served_until
    from unserved

),

final as (

    select
        service,
        registration_id,
        mpan,
        supplier_mpid,
        {{ point_attributes() }},
        greatest(migrated_from, served_until) as unserved_from,
        load_id
    from by_service
    where served_until <= {{ as_of() }}

)

select * from final
