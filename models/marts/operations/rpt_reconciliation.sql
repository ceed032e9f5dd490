{#
    Every identity as a number of cases that must hold and of those that do, or as two sums that must be one.
    Cases are compared one by one before they are counted, so that differences cannot cancel out.
#}
with

metering_points as (

    select * from {{ ref('dim_metering_point') }}
    where is_live

),

headline as (

    select * from {{ ref('rpt_m14_headline') }}

),

positions as (

    select
        date_day,
        supplier_mpid,
        market_segment,
        sum(metering_points) as points
    from {{ ref('rpt_daily_position') }}
    group by date_day, supplier_mpid, market_segment

),

flows as (

    select
        date_day,
        supplier_mpid,
        market_segment,
        sum(case when flow in ('SWITCH_IN', 'NEW') then metering_points else -metering_points end) as points
    from {{ ref('rpt_daily_flow') }}
    where flow in ('SWITCH_IN', 'NEW', 'SWITCH_OUT', 'LOST')
    group by date_day, supplier_mpid, market_segment

),

exceptions as (

    select * from {{ ref('fct_exception') }}

),

summaries as (

    select * from {{ ref('rpt_exception_summary') }}

),

suppliers as (

    select * from {{ ref('rpt_supplier_readiness') }}

),

loads as (

    select * from {{ ref('rpt_load') }}

),

quarantined_rows as (

    select * from {{ ref('fct_quarantined_row') }}

),

noted_values as (

    select * from {{ ref('fct_noted_value') }}

),

first_position as (

    select min(date_day) as first_day from positions

),

-- A day's position is the one of the day before and what flowed since; both sides may lack a row.
steps as (

    select
        date_day + 1 as date_day,
        supplier_mpid,
        market_segment,
        points as points_before,
        0 as points_flowed,
        0 as points_after
    from positions
    where date_day < {{ as_of() }}
    union all
    select
        date_day,
        supplier_mpid,
        market_segment,
        0 as points_before,
        points as points_flowed,
        0 as points_after
    from flows
    where date_day > (select first_position.first_day from first_position)
    union all
    select
        date_day,
        supplier_mpid,
        market_segment,
        0 as points_before,
        0 as points_flowed,
        points as points_after
    from positions
    where date_day > (select first_position.first_day from first_position)

),

continued as (

    select sum(points_before) + sum(points_flowed) = sum(points_after) as holds
    from steps
    group by date_day, supplier_mpid, market_segment

),

identities as (

    select
        'POSITION_IS_LIVE_POINTS' as identity_name,
        'Points of rpt_daily_position on the as-of day = live rows of dim_metering_point' as wording,
        (
            select coalesce(sum(points), 0) from positions
            where date_day = {{ as_of() }}
        ) as left_value,
        (select count(*) from metering_points) as right_value
    union all
    select
        'HEADLINE_IS_LIVE_POINTS' as identity_name,
        'Live points of rpt_m14_headline = live rows of dim_metering_point' as wording,
        (select live_metering_points from headline) as left_value,
        (select count(*) from metering_points) as right_value
    union all
    select
        'SUP_01_IS_HEADLINE' as identity_name,
        'Open SUP-01 exceptions = points held by non-Qualified Suppliers in rpt_m14_headline' as wording,
        (
            select count(*) from exceptions
            where rule_id = 'SUP-01' and status = 'OPEN'
        ) as left_value,
        (select points_not_qualified from headline) as right_value
    union all
    select
        'SUP_01_IS_SUPPLIERS' as identity_name,
        'Open SUP-01 exceptions = points held while not Qualified over rpt_supplier_readiness' as wording,
        (
            select count(*) from exceptions
            where rule_id = 'SUP-01' and status = 'OPEN'
        ) as left_value,
        (select coalesce(sum(points_not_qualified), 0) from suppliers) as right_value
    union all
    select
        'FLOW_LINKS_POSITIONS' as identity_name,
        'Days, Suppliers and segments = those where position + in + new - out - lost is the next position' as wording,
        (select count(*) from continued) as left_value,
        (select count(*) filter (where holds) from continued) as right_value
    union all
    select
        'SUMMARY_IS_EXCEPTIONS' as identity_name,
        'Exceptions of rpt_exception_summary = rows of fct_exception' as wording,
        (select coalesce(sum(exceptions), 0) from summaries) as left_value,
        (select count(*) from exceptions) as right_value
    union all
    select
        'LINES_ARE_ACCOUNTED_FOR' as identity_name,
        'Files = files whose lines read = accepted + quarantined + repeated' as wording,
        (select count(*) from loads) as left_value,
        (
            select count(*) from loads
            where lines = accepted + quarantined + repeated
        ) as right_value
    union all
    select
        'QUARANTINE_IS_KEPT' as identity_name,
        'Lines quarantined in rpt_load = rows of fct_quarantined_row' as wording,
        (select coalesce(sum(quarantined), 0) from loads) as left_value,
        (select count(*) from quarantined_rows) as right_value
    union all
    select
        'NOTED_VALUES_ARE_KEPT' as identity_name,
        'Values noted in rpt_load = rows of fct_noted_value' as wording,
        (select coalesce(sum(noted), 0) from loads) as left_value,
        (select count(*) from noted_values) as right_value

),

final as (

    select
        identity_name,
        wording,
        cast(left_value as bigint) as left_value,
        cast(right_value as bigint) as right_value,
        cast(left_value - right_value as bigint) as difference
    from identities

)

select * from final
