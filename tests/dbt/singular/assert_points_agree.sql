-- Live Metering Points: the daily position on the as-of day, the points themselves and the headline agree.
with

position_points as (

    select coalesce(sum(metering_points), 0) as points from {{ ref('rpt_daily_position') }}
    where date_day = {{ as_of() }}

),

live_points as (

    select count(*) as points from {{ ref('dim_metering_point') }}
    where is_live

),

headline as (

    select live_metering_points as points from {{ ref('rpt_m14_headline') }}

)

select
    position_points.points as position_points,
    live_points.points as live_points,
    headline.points as headline_points
from position_points
cross join live_points
cross join headline
where position_points.points <> live_points.points or headline.points <> live_points.points
