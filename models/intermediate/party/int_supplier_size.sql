{# The band follows energy; a Supplier of whose points no energy is known is banded by its share of points. #}
with

metering_points as (

    select * from {{ ref('dim_metering_point') }}
    where is_live

),

supplied as (

    select
        supplier_mpid as mpid,
        count(*) as live_metering_points,
        sum(annual_kwh) as kwh
    from metering_points
    group by supplier_mpid

),

market as (

    select
        sum(live_metering_points) as points,
        sum(kwh) as kwh
    from supplied

),

shares as (

    select
        supplied.mpid,
        supplied.live_metering_points,
        supplied.live_metering_points / market.points as metering_points_share,
        coalesce(
            cast(supplied.kwh as double) / nullif(cast(market.kwh as double), 0),
            supplied.live_metering_points / market.points
        ) as band_share
    from supplied
    cross join market

),

final as (

    select
        mpid,
        live_metering_points,
        metering_points_share,
        case
            when band_share > 0.02 then 'large'
            when band_share > 0.005 then 'medium'
            else 'small'
        end as size_band
    from shares

)

select * from final
