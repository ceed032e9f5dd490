{#
    Until when what a migration event did still stands: a FORWARD one of a holder that was not Qualified, and every
    REVERSE one. Both spells and holdings end at the as-of day's knowledge, so an end after that day is open.
#}
with

events as (

    select * from {{ ref('fct_migration') }}
    where is_counted

),

forward_events as (

    select * from events
    where
        direction = 'FORWARD'
        and holder_mpid is not null
        and not responsible_is_qualified

),

reverse_events as (

    select * from events
    where direction = 'REVERSE'

),

holdings as (

    select * from {{ ref('fct_holding') }}

),

unqualified_spells as (

    select * from {{ ref('int_unqualified_spell') }}
    where market_role = 'SUP'

),

mhhs_spells as (

    select * from {{ ref('fct_regime') }}

),

-- The holder of the event's day may register anew: each of its holdings counts, by its own segment.
held_unqualified as (

    select
        forward_events.mpan,
        forward_events.effective_from,
        greatest(holdings.valid_from, unqualified_spells.valid_from) as valid_from,
        least(holdings.valid_to, unqualified_spells.valid_to) as valid_to
    from forward_events
    inner join holdings
        on
            forward_events.mpan = holdings.mpan
            and forward_events.holder_mpid = holdings.supplier_mpid
            and forward_events.effective_from < holdings.valid_to
    inner join unqualified_spells
        on
            holdings.supplier_mpid = unqualified_spells.mpid
            and holdings.market_segment = unqualified_spells.market_segment
            and {{ overlaps('holdings', 'unqualified_spells') }}

),

held_spells as (

    {{ spells_where('held_unqualified', ['mpan', 'effective_from']) }}

),

-- Without a spell under MHHS on its day (a REVERSE came the same day) a FORWARD event has no effect at all.
forward_effects as (

    select
        forward_events.mpan,
        forward_events.direction,
        forward_events.effective_from,
        case
            when mhhs_spells.mpan is null then forward_events.effective_from
            else least(held_spells.valid_to, mhhs_spells.valid_to)
        end as effect_until
    from forward_events
    inner join held_spells
        on
            forward_events.mpan = held_spells.mpan
            and forward_events.effective_from = held_spells.effective_from
            and {{ covers('held_spells', 'forward_events.effective_from') }}
    left join mhhs_spells
        on
            forward_events.mpan = mhhs_spells.mpan
            and {{ covers('mhhs_spells', 'forward_events.effective_from') }}

),

reverse_effects as (

    select
        reverse_events.mpan,
        reverse_events.direction,
        reverse_events.effective_from,
        coalesce(min(mhhs_spells.valid_from), {{ open_end() }}) as effect_until
    from reverse_events
    left join mhhs_spells
        on
            reverse_events.mpan = mhhs_spells.mpan
            and reverse_events.effective_from < mhhs_spells.valid_from
    group by reverse_events.mpan, reverse_events.direction, reverse_events.effective_from

),

final as (

    select * from forward_effects
    union all
    select * from reverse_effects

)

select * from final
