with

metering_points as (

    select * from {{ ref('dim_metering_point') }}
    where is_live

),

suppliers as (

    select * from {{ ref('rpt_supplier_readiness') }}

),

exceptions as (

    select * from {{ ref('fct_exception') }}

),

holdings as (

    select * from {{ ref('fct_holding') }}

),

unqualified_spells as (

    select * from {{ ref('int_unqualified_spell') }}
    where market_role = 'SUP'

),

migrations as (

    select * from {{ ref('fct_migration') }}

),

m14 as (

    select milestone_date as m14_date from {{ ref('int_milestone') }}
    where milestone = 'M14'

),

points as (

    select
        count(*) as live_metering_points,
        count(*) filter (where not supplier_is_qualified) as points_not_qualified,
        count(*) filter (where regime = 'MHHS') as migrated_points,
        coalesce(sum(annual_kwh), 0) as kwh,
        coalesce(sum(annual_kwh) filter (where not supplier_is_qualified), 0) as kwh_not_qualified,
        coalesce(sum(annual_kwh) filter (where regime = 'MHHS'), 0) as kwh_migrated
    from metering_points

),

readiness as (

    select
        count(*) as suppliers,
        count(*) filter (where is_qualified) as suppliers_qualified,
        count(*) filter (where readiness_status = 'QUALIFIED') as suppliers_status_qualified,
        count(*) filter (where readiness_status = 'EXEMPT_SCOPE') as suppliers_status_exempt_scope,
        count(*) filter (where readiness_status = 'MISSED') as suppliers_status_missed,
        count(*) filter (where readiness_status = 'NO_PLAN') as suppliers_status_no_plan,
        count(*) filter (where readiness_status = 'LATE') as suppliers_status_late,
        count(*) filter (where readiness_status = 'AT_RISK') as suppliers_status_at_risk,
        count(*) filter (where readiness_status = 'ON_TRACK') as suppliers_status_on_track
    from suppliers

),

reversals as (

    select
        count(*) filter (where effective_from >= {{ as_of() }} - 27) as reverse_migrations_28_days,
        count(*) filter (where effective_from >= (select m14.m14_date from m14)) as reverse_migrations_since_m14
    from migrations
    where
        direction = 'REVERSE'
        and effective_from <= {{ as_of() }}

),

gains as (

    select
        count(*) filter (where holdings.valid_from >= {{ as_of() }} - 27) as gained_not_qualified_28_days,
        count(*) filter (where holdings.valid_from >= (select m14.m14_date from m14)) as gained_not_qualified_since_m14
    from holdings
    inner join unqualified_spells
        on
            holdings.supplier_mpid = unqualified_spells.mpid
            and holdings.market_segment = unqualified_spells.market_segment
            and {{ covers('unqualified_spells', 'holdings.valid_from') }}
    where holdings.registration_type = 'SWITCH'

),

breaches as (

    select
        count(*) as open_breaches,
        count(distinct mpan) as open_breach_points
    from exceptions
    where
        severity = 'BREACH'
        and status = 'OPEN'

),

final as (

    select
        {{ as_of() }} as as_of,
        m14.m14_date,
        cast(m14.m14_date - {{ as_of() }} as integer) as days_to_m14,
        readiness.suppliers,
        readiness.suppliers_qualified,
        points.live_metering_points,
        points.points_not_qualified,
        coalesce(points.points_not_qualified / nullif(points.live_metering_points, 0), 0)
            as points_not_qualified_share,
        cast(points.kwh as decimal(38, 3)) as kwh,
        cast(points.kwh_not_qualified as decimal(38, 3)) as kwh_not_qualified,
        coalesce(cast(points.kwh_not_qualified as double) / nullif(cast(points.kwh as double), 0), 0)
            as kwh_not_qualified_share,
        points.migrated_points,
        coalesce(points.migrated_points / nullif(points.live_metering_points, 0), 0) as migrated_share,
        coalesce(cast(points.kwh_migrated as double) / nullif(cast(points.kwh as double), 0), 0)
            as migrated_kwh_share,
        reversals.reverse_migrations_28_days,
        gains.gained_not_qualified_28_days,
        case when m14.m14_date <= {{ as_of() }} then reversals.reverse_migrations_since_m14 end
            as reverse_migrations_since_m14,
        case when m14.m14_date <= {{ as_of() }} then gains.gained_not_qualified_since_m14 end
            as gained_not_qualified_since_m14,
        breaches.open_breaches,
        breaches.open_breach_points,
        readiness.* exclude (suppliers, suppliers_qualified)
    from points
    cross join m14
    cross join readiness
    cross join reversals
    cross join gains
    cross join breaches

)

select * from final
