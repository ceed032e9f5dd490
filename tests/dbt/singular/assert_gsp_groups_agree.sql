-- Points by GSP group are the daily position on the as-of day, and what is made of them agrees with the headline.
with

position_points as (

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

group_points as (

    select
        supplier_mpid,
        market_segment,
        regime,
        cast(sum(metering_points) as bigint) as metering_points,
        cast(sum(annual_kwh) as decimal(38, 3)) as annual_kwh,
        bool_and(is_qualified) as is_qualified
    from {{ ref('rpt_gsp_group_position') }}
    group by supplier_mpid, market_segment, regime

),

differing as (

    (
        select * from position_points
        except
        select * from group_points
    )
    union all
    (
        select * from group_points
        except
        select * from position_points
    )

),

headline as (

    select
        live_metering_points,
        migrated_points,
        points_not_qualified,
        kwh,
        kwh_not_qualified
    from {{ ref('rpt_m14_headline') }}

),

progress as (

    select
        coalesce(sum(live_metering_points), 0) as live_metering_points,
        coalesce(sum(migrated_points), 0) as migrated_points,
        coalesce(sum(points_not_qualified), 0) as points_not_qualified,
        coalesce(sum(kwh), 0) as kwh,
        coalesce(sum(kwh_not_qualified), 0) as kwh_not_qualified
    from {{ ref('rpt_gsp_group_progress') }}

),

outlook as (

    select
        outlook.live_metering_points,
        outlook.migrated_points,
        outlook.kwh,
        suppliers.points_to_migrate - outlook.points_to_migrate as points_astray
    from {{ ref('rpt_m15_outlook') }} as outlook
    cross join (
        select coalesce(sum(points_to_migrate), 0) as points_to_migrate from {{ ref('rpt_supplier_readiness') }}
    ) as suppliers

)

select 'position' as what from differing
union all
select 'headline' as what
from headline
cross join progress
where
    (headline.live_metering_points, headline.migrated_points, headline.points_not_qualified)
    <> (progress.live_metering_points, progress.migrated_points, progress.points_not_qualified)
    or headline.kwh <> progress.kwh
    or headline.kwh_not_qualified <> progress.kwh_not_qualified
union all
select 'outlook' as what
from headline
cross join outlook
where
    headline.live_metering_points <> outlook.live_metering_points
    or headline.migrated_points <> outlook.migrated_points
    or headline.kwh <> outlook.kwh
    or outlook.points_astray <> 0
