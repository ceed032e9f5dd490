{# A Reverse Migration on or after M14, whoever holds the point. #}
with

events as (

    select * from {{ ref('fct_migration') }}
    where is_counted

),

effects as (

    select * from {{ ref('int_migration_effect') }}
    where direction = 'REVERSE'

),

m14 as (

    select milestone_date from {{ ref('int_milestone') }}
    where milestone = 'M14'

),

final as (

    select
        'SUP-05' as rule_id,
        {{ mpan_text('events.mpan') }} as subject_key,
        events.mpan,
        events.responsible_mpid as mpid,
        'SUP' as market_role,
        {{ point_attributes('events') }},
        {{ status_until('effects.effect_until') }} as status,
        events.effective_from as occurred_on,
        {{ ended_on('effects.effect_until') }} as ended_on,
        events.holder_registration_id as registration_id,
        case
            when events.holder_mpid is not null then 'held this Metering Point when it was reverse migrated on '
            else 'asked for, with nobody holding the point, the Reverse Migration of '
        end || {{ day_in_words('events.effective_from') }} as what_happened,
        events.load_id
    from events
    inner join effects
        on
            events.mpan = effects.mpan
            and events.effective_from = effects.effective_from
    cross join m14
    where
        events.direction = 'REVERSE'
        and events.effective_from >= m14.milestone_date

)

select * from final
