{# From interval ends, summed up. #}
with

first_day as (

    select * from {{ ref('int_first_day_shown') }}

),

changes as (

    select * from {{ ref('int_position_change') }}

),

qualification_spells as (

    select * from {{ ref('int_qualification_spell') }}
    where market_role = 'SUP'

),

levels as (

    select
        supplier_mpid,
        market_segment,
        regime,
        edge_on as valid_from,
        lead(edge_on, 1, {{ as_of() }} + 1) over position_order as valid_to,
        sum(points) over position_order as points,
        sum(kwh) over position_order as kwh
    from changes
    window position_order as (partition by supplier_mpid, market_segment, regime order by edge_on)

),

days as (

    select unnest(generate_series(first_day, {{ as_of() }}, interval 1 day)) as date_day
    from first_day

),

daily as (

    select
        cast(days.date_day as date) as date_day,
        levels.supplier_mpid,
        levels.market_segment,
        levels.regime,
        levels.points,
        levels.kwh
    from levels
    inner join days
        on {{ covers('levels', 'days.date_day') }}
    where levels.points > 0

),

final as (

    select
        daily.date_day,
        daily.supplier_mpid,
        daily.market_segment,
        daily.regime,
        cast(daily.points as bigint) as metering_points,
        cast(daily.kwh as decimal(38, 3)) as annual_kwh,
        qualification_spells.mpid is not null as is_qualified
    from daily
    left join qualification_spells
        on
            daily.supplier_mpid = qualification_spells.mpid
            and daily.market_segment = qualification_spells.market_segment
            and {{ covers('qualification_spells', 'daily.date_day') }}

)

select * from final
