{#
    The pace counts FORWARD migrations of points that somebody held on the day, as rpt_supplier_readiness does; their
    energy is that of the holding on the day.
#}
with

positions as (

    select * from {{ ref('rpt_gsp_group_position') }}

),

migration_events as (

    select * from {{ ref('fct_migration') }}
    where is_counted

),

exceptions as (

    select * from {{ ref('fct_exception') }}
    where rule_id = 'SUP-05'

),

milestones as (

    select
        max(milestone_date) filter (where milestone = 'M14') as m14_date,
        max(milestone_date) filter (where milestone = 'M15') as m15_date
    from {{ ref('int_milestone') }}

),

working_days as (

    select
        date_day,
        row_number() over (order by date_day) as ordinal
    from {{ ref('dim_date') }}
    where is_working_day_england_wales and date_day > {{ as_of() }}

),

calendar as (

    select
        (
            select count(*) from {{ ref('dim_date') }}
            where is_working_day_england_wales and date_day between {{ as_of() }} - 27 and {{ as_of() }}
        ) as last_28_days,
        (
            select count(*) from working_days
            where date_day <= milestones.m15_date
        ) as until_m15
    from milestones

),

points as (

    select
        coalesce(sum(metering_points), 0) as live_metering_points,
        coalesce(sum(metering_points) filter (where regime = 'MHHS'), 0) as migrated_points,
        coalesce(sum(metering_points) filter (where regime <> 'MHHS'), 0) as points_to_migrate,
        coalesce(sum(annual_kwh), 0) as kwh,
        coalesce(sum(annual_kwh) filter (where regime = 'MHHS'), 0) as migrated_kwh,
        coalesce(sum(annual_kwh) filter (where regime <> 'MHHS'), 0) as kwh_to_migrate
    from positions

),

recent as (

    select
        count(*) as migrated_last_28_days,
        coalesce(sum(annual_kwh), 0) as migrated_kwh_last_28_days
    from migration_events
    where
        direction = 'FORWARD'
        and effective_from between {{ as_of() }} - 27 and {{ as_of() }}
        and holder_mpid is not null

),

reversals as (

    select max(effective_from) as last_reverse_migration_on
    from migration_events
    where direction = 'REVERSE'

),

suppliers as (

    select * from {{ ref('rpt_supplier_readiness') }}

),

tolerance as (

    select max(unmigrated_share) filter (where milestone = 'M15') as unmigrated_share
    from {{ ref('milestone_tolerance') }}

),

-- Without a working day left every Supplier with points to migrate is too slow.
slow as (

    select
        count(*) as suppliers_too_slow,
        coalesce(sum(points_to_migrate), 0) as points_at_suppliers_too_slow
    from suppliers
    where
        points_to_migrate > 0
        and (needed_per_working_day is null or pace_per_working_day < needed_per_working_day)

),

banned as (

    select count(*) as reverse_migrations_from_m14 from exceptions

),

paces as (

    select
        points.*,
        milestones.*,
        calendar.until_m15 as working_days_to_m15,
        calendar.last_28_days,
        recent.migrated_last_28_days,
        recent.migrated_kwh_last_28_days,
        points.points_to_migrate / nullif(calendar.until_m15, 0) as needed_per_working_day,
        recent.migrated_last_28_days / nullif(calendar.last_28_days, 0) as pace_per_working_day,
        cast(points.kwh_to_migrate as double) / nullif(calendar.until_m15, 0) as kwh_needed_per_working_day,
        cast(recent.migrated_kwh_last_28_days as double) / nullif(calendar.last_28_days, 0) as kwh_pace_per_working_day
    from points
    cross join milestones
    cross join calendar
    cross join recent

),

-- What may be left, and what the pace leaves at the end of M15. What the pace leaves is in units of one working day
-- of the pace, which keeps it exact.
judged as (

    select
        tolerance.unmigrated_share * paces.live_metering_points as points_allowed,
        tolerance.unmigrated_share * paces.kwh as kwh_allowed,
        paces.points_to_migrate * paces.last_28_days
        - paces.migrated_last_28_days * paces.working_days_to_m15 as points_left,
        paces.kwh_to_migrate * paces.last_28_days
        - paces.migrated_kwh_last_28_days * paces.working_days_to_m15 as kwh_left
    from paces
    cross join tolerance

),

-- The working day on which what is left would be through; none where nothing is left or nothing moves.
expected as (

    select
        min(working_days.date_day) filter (
            where paces.pace_per_working_day * working_days.ordinal >= paces.points_to_migrate
        ) as expected_complete_on,
        min(working_days.date_day) filter (
            where paces.kwh_pace_per_working_day * working_days.ordinal >= cast(paces.kwh_to_migrate as double)
        ) as kwh_expected_complete_on
    from paces
    cross join working_days

),

final as (

    select
        {{ as_of() }} as as_of,
        paces.m14_date,
        paces.m15_date,
        cast(paces.m15_date - {{ as_of() }} as integer) as days_to_m15,
        cast(paces.working_days_to_m15 as integer) as working_days_to_m15,
        cast(paces.live_metering_points as bigint) as live_metering_points,
        cast(paces.migrated_points as bigint) as migrated_points,
        cast(paces.points_to_migrate as bigint) as points_to_migrate,
        coalesce(cast(paces.migrated_points as double) / nullif(paces.live_metering_points, 0), 0) as migrated_share,
        paces.needed_per_working_day,
        paces.pace_per_working_day,
        case when paces.points_to_migrate > 0 then expected.expected_complete_on end as expected_complete_on,
        cast(
            case when paces.points_to_migrate > 0 then paces.m15_date - expected.expected_complete_on end as integer
        ) as days_margin_to_m15,
        cast(paces.kwh as decimal(38, 3)) as kwh,
        cast(paces.migrated_kwh as decimal(38, 3)) as migrated_kwh,
        cast(paces.kwh_to_migrate as decimal(38, 3)) as kwh_to_migrate,
        coalesce(cast(paces.migrated_kwh as double) / nullif(cast(paces.kwh as double), 0), 0) as migrated_kwh_share,
        paces.kwh_needed_per_working_day,
        paces.kwh_pace_per_working_day,
        case when paces.kwh_to_migrate > 0 then expected.kwh_expected_complete_on end as kwh_expected_complete_on,
        cast(
            case when paces.kwh_to_migrate > 0 then paces.m15_date - expected.kwh_expected_complete_on end as integer
        ) as kwh_days_margin_to_m15,
        cast(slow.suppliers_too_slow as integer) as suppliers_too_slow,
        cast(slow.points_at_suppliers_too_slow as bigint) as points_at_suppliers_too_slow,
        case
            when
                paces.points_to_migrate <= judged.points_allowed
                and paces.kwh_to_migrate <= judged.kwh_allowed
                then 'REACHED'
            when paces.m15_date < {{ as_of() }} then 'MISSED'
            when
                judged.points_left <= judged.points_allowed * paces.last_28_days
                and judged.kwh_left <= judged.kwh_allowed * paces.last_28_days
                and slow.points_at_suppliers_too_slow <= judged.points_allowed
                then 'IN_REACH'
            else 'AT_RISK'
        end as verdict,
        banned.reverse_migrations_from_m14,
        reversals.last_reverse_migration_on
    from paces
    cross join expected
    cross join judged
    cross join slow
    cross join reversals
    cross join banned

)

select * from final
