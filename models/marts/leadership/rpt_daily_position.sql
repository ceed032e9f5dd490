{# From interval ends: +1 where an interval starts, -1 where it ends, summed up. Points are never multiplied by days. #}
with

first_day as (

    select least(milestone_date - 28, {{ as_of() }}) as first_day
    from {{ ref('int_milestone') }}
    where milestone = 'M11'

),

-- What ended before the first day shown adds and takes away the same on it.
holdings as (

    select * from {{ ref('int_holding') }}
    where
        is_live
        and valid_to > (select first_day.first_day from first_day)

),

mhhs_spells as (

    select * from {{ ref('int_mhhs_spell') }}

),

qualification_spells as (

    select * from {{ ref('int_qualification_spell') }}
    where market_role = 'SUP'

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
intervals as (

    select
        'LEGACY' as regime,
        supplier_mpid,
        market_segment,
        coalesce(annual_kwh, 0) as kwh,
        1 as points,
        valid_from,
        valid_to
    from holdings
    union all
    select
        'LEGACY' as regime,
        supplier_mpid,
        market_segment,
        -coalesce(annual_kwh, 0) as kwh,
        -1 as points,
        valid_from,
        valid_to
    from held_under_mhhs
    union all
    select
        'MHHS' as regime,
        supplier_mpid,
        market_segment,
        coalesce(annual_kwh, 0) as kwh,
        1 as points,
        valid_from,
        valid_to
    from held_under_mhhs

),

ends as (

    select
        valid_from as edge_on,
        supplier_mpid,
        market_segment,
        regime,
        points,
        kwh
    from intervals
    where valid_from <= {{ as_of() }}
    union all
    select
        valid_to as edge_on,
        supplier_mpid,
        market_segment,
        regime,
        -points as points,
        -kwh as kwh
    from intervals
    where valid_to <= {{ as_of() }}

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
        {{ label_text('daily.market_segment') }} as market_segment,
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
