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

first_position as (

    select min(date_day) as first_day from positions

),

-- A day's position is the one of the day before and what flowed since; both sides may lack a row.
steps as (

    select
        date_day + 1 as date_day,
        supplier_mpid,
        market_segment,
        points as before,
        0 as flowed,
        0 as after
    from positions
    where date_day < {{ as_of() }}
    union all
    select
        date_day,
        supplier_mpid,
        market_segment,
        0 as before,
        points as flowed,
        0 as after
    from flows
    where date_day > (select first_position.first_day from first_position)
    union all
    select
        date_day,
        supplier_mpid,
        market_segment,
        0 as before,
        0 as flowed,
        points as after
    from positions
    where date_day > (select first_position.first_day from first_position)

),

continued as (

    select sum(before) + sum(flowed) = sum(after) as holds
    from steps
    group by date_day, supplier_mpid, market_segment

),

identities as (

    select
        'POSITION_IS_LIVE_POINTS' as identity,
        'Points of rpt_daily_position on the as-of day = live rows of dim_metering_point' as statement,
        (select coalesce(sum(points), 0) from positions where date_day = {{ as_of() }}) as left_value,
        (select count(*) from metering_points) as right_value
    union all
    select
        'HEADLINE_IS_LIVE_POINTS',
        'Live points of rpt_m14_headline = live rows of dim_metering_point',
        (select live_metering_points from headline),
        (select count(*) from metering_points)
    union all
    select
        'SUP_01_IS_HEADLINE',
        'Open SUP-01 exceptions = points held by non-Qualified Suppliers in rpt_m14_headline',
        (select count(*) from exceptions where rule_id = 'SUP-01' and status = 'OPEN'),
        (select points_not_qualified from headline)
    union all
    select
        'SUP_01_IS_SUPPLIERS',
        'Open SUP-01 exceptions = points held while not Qualified over rpt_supplier_readiness',
        (select count(*) from exceptions where rule_id = 'SUP-01' and status = 'OPEN'),
        (select coalesce(sum(points_not_qualified), 0) from suppliers)
    union all
    select
        'FLOW_LINKS_POSITIONS',
        'Days, Suppliers and segments = those where position + in + new - out - lost = position of the next day',
        (select count(*) from continued),
        (select count(*) filter (where holds) from continued)
    union all
    select
        'SUMMARY_IS_EXCEPTIONS',
        'Exceptions of rpt_exception_summary = rows of fct_exception',
        (select coalesce(sum(exceptions), 0) from summaries),
        (select count(*) from exceptions)
    union all
    select
        'LINES_ARE_ACCOUNTED_FOR',
        'Files = files whose lines read = accepted + quarantined + repeated',
        (select count(*) from loads),
        (select count(*) from loads where lines = accepted + quarantined + repeated)
    union all
    select
        'QUARANTINE_IS_KEPT',
        'Lines quarantined in rpt_load = rows of fct_quarantined_row',
        (select coalesce(sum(quarantined), 0) from loads),
        (select count(*) from quarantined_rows)

),

final as (

    select
        identity,
        statement,
        cast(left_value as bigint) as left_value,
        cast(right_value as bigint) as right_value,
        cast(left_value - right_value as bigint) as difference
    from identities

)

select * from final
