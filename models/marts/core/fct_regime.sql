{# A day in no spell is LEGACY. #}
with

-- Most points were only ever migrated forward: their first event begins the only spell, without ordering all events.
first_events as (

    select
        mpan,
        effective_from
    from {{ ref('fct_migration') }}
    where
        days_since_previous_event is null
        and effective_from <= {{ as_of() }}

),

reversed_points as (

    select distinct mpan from {{ ref('fct_migration') }}
    where
        direction = 'REVERSE'
        and effective_from <= {{ as_of() }}

),

events_of_reversed as (

    select events.*
    from {{ ref('fct_migration') }} as events
    semi join reversed_points
        on events.mpan = reversed_points.mpan
    where events.effective_from <= {{ as_of() }}

),

-- Of two events on one day REVERSE is the later.
days as (

    select
        mpan,
        effective_from,
        bool_or(direction = 'REVERSE') as is_legacy
    from events_of_reversed
    group by mpan, effective_from

),

with_day_before as (

    select
        *,
        lag(is_legacy, 1, true) over (partition by mpan order by effective_from) as was_legacy
    from days

),

-- Repeated events of one direction make one spell.
turns as (

    select
        mpan,
        is_legacy,
        effective_from as valid_from,
        lead(effective_from, 1, {{ open_end() }}) over (partition by mpan order by effective_from) as valid_to
    from with_day_before
    where is_legacy <> was_legacy

),

spells as (

    select
        first_events.mpan,
        first_events.effective_from as valid_from,
        {{ open_end() }} as valid_to
    from first_events
    anti join reversed_points
        on first_events.mpan = reversed_points.mpan
    union all
    select
        mpan,
        valid_from,
        valid_to
    from turns
    where not is_legacy

),

final as (

    select * from spells
    order by
        mpan,
        valid_from

)

select * from final
