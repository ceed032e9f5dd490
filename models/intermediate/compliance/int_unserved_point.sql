{# Live, migrated Metering Points on the as-of day that no active agent of a kind serves, and since when. #}
with

holdings as (

    select * from {{ ref('int_holding') }}

),

mhhs_spells as (

    select * from {{ ref('int_mhhs_spell') }}

),

services as (

    select
        mpan,
        'METERING' as service,
        metering_until as served_until
    from {{ ref('int_service') }}
    union all
    select
        mpan,
        'DATA' as service,
        data_until as served_until
    from {{ ref('int_service') }}

),

needs as (

    select
        'METERING' as service,
        'S' as market_segment
    union all
    values
    ('METERING', 'A'), ('DATA', 'S'), ('DATA', 'A'), ('DATA', 'U')

),

final as (

    select
        needs.service,
        holdings.registration_id,
        holdings.mpan,
        holdings.supplier_mpid,
        {{ point_attributes('holdings') }},
        -- Every appointment counted here starts on or before the as-of day, so what ended last ended the service.
        greatest(mhhs_spells.valid_from, coalesce(services.served_until, {{ start_of_time() }})) as unserved_from,
        holdings.load_id
    from holdings
    inner join mhhs_spells
        on
            holdings.mpan = mhhs_spells.mpan
            and {{ covers('mhhs_spells', as_of()) }}
    inner join needs
        on holdings.market_segment = needs.market_segment
    left join services
        on
            holdings.mpan = services.mpan
            and needs.service = services.service
    where
        holdings.is_live
        and {{ covers('holdings', as_of()) }}
        and coalesce(services.served_until, {{ start_of_time() }}) <= {{ as_of() }}

)

select * from final
