{# From interval ends: +1 where an interval starts, -1 where it ends, summed up. Points are never multiplied by days. #}
with

first_day as (

    select * from {{ ref('int_first_day_shown') }}

),

-- What ended before the first day shown adds and takes away the same on it.
holdings as (

    select * from {{ ref('fct_holding') }}
    where
        is_live
        and valid_to > (select first_day.first_day from first_day)

),

mhhs_spells as (

    select * from {{ ref('fct_regime') }}

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

-- Many points start and end alike: added up first, they are few rows for all that follows.
held_alike as (

    select
        supplier_mpid,
        market_segment,
        valid_from,
        valid_to,
        count(*) as points,
        sum(coalesce(annual_kwh, 0)) as kwh
    from holdings
    group by supplier_mpid, market_segment, valid_from, valid_to

),

held_alike_under_mhhs as (

    select
        supplier_mpid,
        market_segment,
        valid_from,
        valid_to,
        count(*) as points,
        sum(coalesce(annual_kwh, 0)) as kwh
    from held_under_mhhs
    group by supplier_mpid, market_segment, valid_from, valid_to

),

-- Every holding counts as LEGACY; its days under MHHS move from LEGACY to MHHS.
intervals as (

    select
        'LEGACY' as regime,
        supplier_mpid,
        market_segment,
        kwh,
        points,
        valid_from,
        valid_to
    from held_alike
    union all
    select
        'LEGACY' as regime,
        supplier_mpid,
        market_segment,
        -kwh as kwh,
        -points as points,
        valid_from,
        valid_to
    from held_alike_under_mhhs
    union all
    select
        'MHHS' as regime,
        supplier_mpid,
        market_segment,
        kwh,
        points,
        valid_from,
        valid_to
    from held_alike_under_mhhs

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

final as (

    select
        greatest(ends.edge_on, first_day.first_day) as edge_on,
        ends.supplier_mpid,
        ends.market_segment,
        ends.regime,
        cast(sum(ends.points) as bigint) as points,
        cast(sum(ends.kwh) as decimal(38, 3)) as kwh
    from ends
    cross join first_day
    group by all
    having sum(ends.points) <> 0 or sum(ends.kwh) <> 0

)

select * from final
