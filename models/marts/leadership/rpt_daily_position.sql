{# From interval ends: +1 where an interval starts, -1 where it ends, summed day by day. Points are never multiplied by days. #}
with

holdings as (

    select * from {{ ref('int_holding') }}
    where is_live

),

mhhs_spells as (

    select * from {{ ref('int_mhhs_spell') }}

),

qualification_spells as (

    select * from {{ ref('int_qualification_spell') }}
    where market_role = 'SUP'

),

first_day as (

    select least(milestone_date - 28, {{ as_of() }}) as first_day
    from {{ ref('int_milestone') }}
    where milestone = 'M11'

),

held_under_mhhs as (

    select
        holdings.supplier_mpid,
        holdings.market_segment,
        holdings.annual_kwh,
        greatest(holdings.valid_from, mhhs_spells.valid_from) as valid_from,
        least(holdings.valid_to, mhhs_spells.valid_to) as valid_to
    from holdings
    inner join mhhs_spells
        on
            holdings.mpan = mhhs_spells.mpan
            and {{ overlaps('holdings', 'mhhs_spells') }}

),

-- Every holding counts as LEGACY; its days under MHHS move from LEGACY to MHHS.
ends as (

    {% for source, regime, sign in [
        ('holdings', 'LEGACY', 1), ('held_under_mhhs', 'LEGACY', -1), ('held_under_mhhs', 'MHHS', 1)
    ] %}
    {% for edge, step in [('valid_from', sign), ('valid_to', -sign)] %}
    select
        {{ edge }} as edge_on,
        supplier_mpid,
        market_segment,
        '{{ regime }}' as regime,
        {{ step }} * count(*) as points,
        {{ step }} * sum(coalesce(annual_kwh, 0)) as kwh
    from {{ source }}
    where {{ edge }} <= {{ as_of() }}
    group by {{ edge }}, supplier_mpid, market_segment
    {{ 'union all' if not loop.last }}
    {% endfor %}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

changes as (

    select
        greatest(ends.edge_on, first_day.first_day) as edge_on,
        ends.supplier_mpid,
        ends.market_segment,
        ends.regime,
        sum(ends.points) as points,
        sum(ends.kwh) as kwh
    from ends
    cross join first_day
    group by all

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

daily as (

    select
        cast(days.date_day as date) as date_day,
        levels.supplier_mpid,
        levels.market_segment,
        levels.regime,
        levels.points,
        levels.kwh
    from levels
    cross join lateral (
        select unnest(generate_series(levels.valid_from, levels.valid_to - 1, interval 1 day)) as date_day
    ) as days
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
