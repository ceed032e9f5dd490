with

participants as (

    select * from {{ ref('dim_participant') }}
    where market_role = 'SUP'

),

metering_points as (

    select * from {{ ref('dim_metering_point') }}
    where is_live

),

exceptions as (

    select * from {{ ref('fct_exception') }}

),

-- Not from the participants: a Supplier that standing data does not know may be Qualified, and large.
qualifications as (

    select * from {{ ref('int_party_qualification') }}
    where market_role = 'SUP'

),

supplier_sizes as (

    select * from {{ ref('int_supplier_size') }}

),

party_reasons as (

    select * from {{ ref('int_party_reason') }}
    where market_role = 'SUP'

),

plans as (

    select * from {{ ref('int_party_plan') }}
    where market_role = 'SUP'

),

migration_events as (

    select * from {{ ref('fct_migration') }}
    where is_counted

),

working_days as (

    select date_day from {{ ref('dim_date') }}
    where is_working_day_england_wales

),

milestones as (

    select
        max(milestone_date) filter (where milestone = 'M14') as m14_date,
        max(milestone_date) filter (where milestone = 'M15') as m15_date
    from {{ ref('int_milestone') }}

),

calendar as (

    select
        count(*) filter (where date_day between {{ as_of() }} - 27 and {{ as_of() }}) as last_28_days,
        count(*) filter (where date_day > {{ as_of() }} and date_day <= milestones.m15_date) as until_m15
    from working_days
    cross join milestones

),

held as (

    select
        supplier_mpid as mpid,
        count(*) as live_metering_points,
        count(*) filter (where not supplier_is_qualified) as points_not_qualified,
        sum(coalesce(annual_kwh, 0)) as live_kwh,
        sum(coalesce(annual_kwh, 0)) filter (where not supplier_is_qualified) as kwh_not_qualified,
        count(*) filter (where regime = 'MHHS') as migrated_points,
        count(*) filter (where regime <> 'MHHS') as points_to_migrate
    from metering_points
    group by supplier_mpid

),

suppliers as (

    select mpid from participants
    where is_in_force
    union
    select mpid from held

),

pace as (

    select
        holder_mpid as mpid,
        count(*) as migrated_last_28_days
    from migration_events
    where
        direction = 'FORWARD'
        and effective_from between {{ as_of() }} - 27 and {{ as_of() }}
        and holder_mpid is not null
    group by holder_mpid

),

breaches as (

    select
        mpid,
        count(*) as open_breaches
    from exceptions
    where
        severity = 'BREACH'
        and status = 'OPEN'
        and market_role = 'SUP'
    group by mpid

),

joined as (

    select
        suppliers.mpid,
        participants.participant_name,
        participants.company_number,
        coalesce(participants.is_in_force, false) as is_in_force,
        qualifications.mpid is not null as is_qualified,
        qualifications.qualified_segments,
        qualifications.qualified_from,
        party_reasons.reason_code,
        party_reasons.missing_approvals,
        coalesce(supplier_sizes.size_band, 'small') as size_band,
        plans.tranche,
        plans.current_stage,
        plans.next_stage,
        plans.next_due_on,
        coalesce(plans.overdue_stages, 0) as overdue_stages,
        plans.planned_on,
        plans.expected_on,
        coalesce(plans.has_plan, false) as has_plan,
        coalesce(held.live_metering_points, 0) as live_metering_points,
        coalesce(held.live_kwh, 0) as live_kwh,
        coalesce(held.points_not_qualified, 0) as points_not_qualified,
        coalesce(held.kwh_not_qualified, 0) as kwh_not_qualified,
        coalesce(held.migrated_points, 0) as migrated_points,
        coalesce(held.points_to_migrate, 0) as points_to_migrate,
        coalesce(pace.migrated_last_28_days, 0) as migrated_last_28_days,
        coalesce(breaches.open_breaches, 0) as open_breaches
    from suppliers
    left join participants
        on suppliers.mpid = participants.mpid
    left join qualifications
        on suppliers.mpid = qualifications.mpid
    left join supplier_sizes
        on suppliers.mpid = supplier_sizes.mpid
    left join party_reasons
        on suppliers.mpid = party_reasons.mpid
    left join plans
        on suppliers.mpid = plans.mpid
    left join held
        on suppliers.mpid = held.mpid
    left join pace
        on suppliers.mpid = pace.mpid
    left join breaches
        on suppliers.mpid = breaches.mpid

),

final as (

    select
        joined.mpid,
        joined.participant_name,
        joined.company_number,
        joined.is_in_force,
        joined.is_qualified,
        joined.qualified_segments,
        joined.qualified_from,
        case
            when joined.is_qualified and joined.points_not_qualified = 0 then 'QUALIFIED'
            when joined.is_qualified then 'EXEMPT_SCOPE'
            else {{ road_status('joined', 'milestones.m14_date') }}
        end as readiness_status,
        case
            when not joined.is_qualified then joined.reason_code
            when joined.points_not_qualified > 0 then 'SCOPE'
        end as reason,
        joined.missing_approvals,
        joined.size_band,
        joined.tranche,
        joined.current_stage,
        joined.next_stage,
        joined.next_due_on,
        cast(joined.overdue_stages as integer) as overdue_stages,
        joined.planned_on as planned_qualification_on,
        joined.expected_on as forecast_qualification_on,
        cast(milestones.m14_date - joined.expected_on as integer) as days_margin_to_m14,
        joined.live_metering_points,
        cast(joined.live_kwh as decimal(38, 3)) as live_kwh,
        joined.points_not_qualified,
        cast(joined.kwh_not_qualified as decimal(38, 3)) as kwh_not_qualified,
        joined.migrated_points,
        joined.points_to_migrate,
        case
            when calendar.until_m15 > 0 then joined.points_to_migrate / calendar.until_m15
        end as needed_per_working_day,
        case
            when calendar.last_28_days > 0 then joined.migrated_last_28_days / calendar.last_28_days
        end as pace_per_working_day,
        joined.open_breaches
    from joined
    cross join milestones
    cross join calendar

)

select * from final
