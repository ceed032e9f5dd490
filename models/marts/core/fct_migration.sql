with

-- Of two events on one day REVERSE is the later, as it is in the alphabet. Nobody holds a point on a day to come.
events as (

    select
        *,
        case when effective_from <= {{ as_of() }} then effective_from end as held_on,
        effective_from
        - lag(effective_from) over (partition by mpan order by effective_from, direction) as days_since_previous
    from {{ ref('stg_registration__migration') }}

),

holdings as (

    select * from {{ ref('fct_holding') }}

),

-- The same rows: of what is read twice the engine makes a copy, and one of all holdings is large.
other_holdings as (

    select * from {{ ref('fct_holding') }}
    where valid_from < valid_to

),

qualification_spells as (

    select * from {{ ref('int_qualification_spell') }}
    where market_role = 'SUP'

),

held as (

    select
        events.*,
        holdings.registration_id as holder_registration_id,
        holdings.supplier_mpid as holder_mpid,
        {{ point_attributes('holdings') }}
    from events
    left join holdings
        on
            events.mpan = holdings.mpan
            and {{ covers('holdings', 'events.held_on') }}

),

-- Nobody holds the point on the day: its segment is that of the latest earlier holding, else of the earliest later one.
nearest as (

    select
        held.* exclude ({{ point_attributes() }}),
        {{ point_attributes('other_holdings') }},
        row_number() over (
            partition by held.mpan, held.direction, held.effective_from
            order by
                other_holdings.valid_from <= held.effective_from desc,
                abs(other_holdings.valid_from - held.effective_from) asc
        ) as preference
    from held
    left join other_holdings
        on held.mpan = other_holdings.mpan
    where
        held.held_on is not null
        and held.holder_mpid is null

),

-- An MPAN without any holding has no segment: rule INT-05 reports it and every other rule skips it.
with_segment as (

    select * from held
    where
        held_on is null
        or holder_mpid is not null
    union all by name
    select * exclude (preference) from nearest
    where preference = 1

),

answered as (

    select
        *,
        market_segment is not null as is_counted,
        case when market_segment is not null then coalesce(holder_mpid, supplier_mpid) end as responsible_mpid
    from with_segment

),

final as (

    select
        answered.mpan,
        answered.effective_from,
        answered.direction,
        answered.scenario,
        answered.supplier_mpid,
        answered.is_counted,
        answered.holder_mpid,
        answered.holder_registration_id,
        case when answered.holder_mpid is not null then qualification_spells.mpid is not null end
            as holder_is_qualified,
        answered.responsible_mpid,
        case when answered.is_counted then qualification_spells.mpid is not null end as responsible_is_qualified,
        {{ point_attributes('answered') }},
        cast(answered.days_since_previous as integer) as days_since_previous_event,
        answered.load_id
    from answered
    left join qualification_spells
        on
            answered.responsible_mpid = qualification_spells.mpid
            and answered.market_segment = qualification_spells.market_segment
            and {{ covers('qualification_spells', 'answered.effective_from') }}
    order by
        answered.mpan,
        answered.effective_from,
        answered.direction

)

select * from final
