with

positions as (

    select * from {{ ref('rpt_gsp_group_position') }}

),

gsp_groups as (

    select
        gsp_group_id,
        sum(metering_points) as live_metering_points,
        coalesce(sum(metering_points) filter (where regime = 'MHHS'), 0) as migrated_points,
        sum(annual_kwh) as kwh,
        coalesce(sum(annual_kwh) filter (where regime = 'MHHS'), 0) as migrated_kwh,
        coalesce(sum(metering_points) filter (where not is_qualified), 0) as points_not_qualified,
        coalesce(sum(annual_kwh) filter (where not is_qualified), 0) as kwh_not_qualified
    from positions
    group by gsp_group_id

),

final as (

    select
        gsp_group_id,
        cast(live_metering_points as bigint) as live_metering_points,
        cast(migrated_points as bigint) as migrated_points,
        cast(live_metering_points - migrated_points as bigint) as points_to_migrate,
        cast(migrated_points as double) / live_metering_points as migrated_share,
        cast(kwh as decimal(38, 3)) as kwh,
        cast(migrated_kwh as decimal(38, 3)) as migrated_kwh,
        coalesce(cast(migrated_kwh as double) / nullif(cast(kwh as double), 0), 0) as migrated_kwh_share,
        cast(points_not_qualified as bigint) as points_not_qualified,
        cast(kwh_not_qualified as decimal(38, 3)) as kwh_not_qualified
    from gsp_groups

)

select * from final
