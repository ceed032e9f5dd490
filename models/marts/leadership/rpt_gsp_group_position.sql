with

metering_points as (

    select * from {{ ref('dim_metering_point') }}
    where is_live

),

final as (

    select
        gsp_group_id,
        supplier_mpid,
        market_segment,
        regime,
        count(*) as metering_points,
        cast(sum(coalesce(annual_kwh, 0)) as decimal(38, 3)) as annual_kwh,
        bool_and(supplier_is_qualified) as is_qualified
    from metering_points
    group by gsp_group_id, supplier_mpid, market_segment, regime

)

select * from final
