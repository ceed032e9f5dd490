with

events as (

    select * from {{ ref('stg_registration__migration') }}
    where migrated_on <= {{ as_of() }}

),

-- Most points were only ever migrated forward: their spells need no ordering of events.
forward_only as (

    select
        mpan,
        min(migrated_on) as migrated_on
    from events
    group by mpan
    having bool_and(direction = 'FORWARD')

),

mixed_events as (

    select events.* from events
    anti join forward_only
        on events.mpan = forward_only.mpan

),

-- Of two events on one day REVERSE is the later.
days as (

    select
        mpan,
        migrated_on as valid_from,
        case when bool_or(direction = 'REVERSE') then 'LEGACY' else 'MHHS' end as regime
    from mixed_events
    group by mpan, migrated_on

),

ever_migrated as (

    select distinct mpan from mixed_events
    where direction = 'FORWARD'

),

changes as (

    select
        mpan,
        {{ start_of_time() }} as valid_from,
        'LEGACY' as regime,
        false as is_event
    from ever_migrated
    union all
    select
        days.mpan,
        days.valid_from,
        days.regime,
        true as is_event
    from days
    semi join ever_migrated
        on days.mpan = ever_migrated.mpan

),

-- Repeated events of one direction make one spell.
turns as (

    select
        *,
        regime <> lag(regime, 1, '') over (partition by mpan order by valid_from, is_event) as is_turn
    from changes

),

spells as (

    select
        mpan,
        regime,
        valid_from,
        lead(valid_from, 1, {{ open_end() }}) over (partition by mpan order by valid_from, is_event) as valid_to
    from turns
    where is_turn
    union all
    select
        mpan,
        'LEGACY' as regime,
        {{ start_of_time() }} as valid_from,
        migrated_on as valid_to
    from forward_only
    union all
    select
        mpan,
        'MHHS' as regime,
        migrated_on as valid_from,
        {{ open_end() }} as valid_to
    from forward_only

),

final as (

    select * from spells
    where valid_from < valid_to

)

select * from final
