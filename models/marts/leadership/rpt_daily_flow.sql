{#
    From interval ends: where a live holding begins and where one ends, side by side. A point that has both on one day
    changed its live holder or its segment; one that has an end alone came or went. Points are never multiplied by days.
#}
with

holdings as (

    select * from {{ ref('fct_holding') }}
    where
        is_live
        and valid_from < valid_to

),

migration_events as (

    select * from {{ ref('fct_migration') }}
    where is_counted

),

first_day as (

    select * from {{ ref('int_first_day_shown') }}

),

beginnings as (

    select
        mpan,
        valid_from as date_day,
        supplier_mpid,
        market_segment
    from holdings
    where valid_from >= (select first_day.first_day from first_day)

),

endings as (

    select
        mpan,
        valid_to as date_day,
        supplier_mpid,
        market_segment
    from holdings
    where
        valid_to >= (select first_day.first_day from first_day)
        and valid_to <= {{ as_of() }}

),

changes as (

    select
        coalesce(beginnings.date_day, endings.date_day) as date_day,
        beginnings.supplier_mpid as new_mpid,
        beginnings.market_segment as new_segment,
        endings.supplier_mpid as old_mpid,
        endings.market_segment as old_segment,
        beginnings.supplier_mpid is not null
        and endings.supplier_mpid is not null
        and beginnings.supplier_mpid <> endings.supplier_mpid as is_switch
    from beginnings
    full join endings
        on
            beginnings.mpan = endings.mpan
            and beginnings.date_day = endings.date_day
    -- Neither Supplier nor segment changes: the same point goes on.
    where
        beginnings.supplier_mpid is distinct from endings.supplier_mpid
        or beginnings.market_segment is distinct from endings.market_segment

),

flows as (

    select
        date_day,
        new_mpid as supplier_mpid,
        new_segment as market_segment,
        case when is_switch then 'SWITCH_IN' else 'NEW' end as flow
    from changes
    where new_mpid is not null
    union all
    select
        date_day,
        old_mpid as supplier_mpid,
        old_segment as market_segment,
        case when is_switch then 'SWITCH_OUT' else 'LOST' end as flow
    from changes
    where old_mpid is not null
    union all
    select
        effective_from as date_day,
        responsible_mpid as supplier_mpid,
        market_segment,
        direction as flow
    from migration_events
    where
        responsible_mpid is not null
        and effective_from >= (select first_day.first_day from first_day)

),

final as (

    select
        date_day,
        supplier_mpid,
        market_segment,
        flow,
        count(*) as metering_points
    from flows
    group by date_day, supplier_mpid, market_segment, flow

)

select * from final
