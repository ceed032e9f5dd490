-- The daily position on the as-of day is the live points by Supplier, segment and regime, with their energy.
with

position as (

    select
        supplier_mpid,
        market_segment,
        regime,
        metering_points,
        annual_kwh,
        is_qualified
    from {{ ref('rpt_daily_position') }}
    where date_day = {{ as_of() }}

),

points as (

    select
        supplier_mpid,
        market_segment,
        regime,
        count(*) as metering_points,
        cast(sum(coalesce(annual_kwh, 0)) as decimal(38, 3)) as annual_kwh,
        bool_and(supplier_is_qualified) as is_qualified
    from {{ ref('dim_metering_point') }}
    where is_live
    group by supplier_mpid, market_segment, regime

)

(
    select * from position
    except
    select * from points
)
union all
(
    select * from points
    except
    select * from position
)
