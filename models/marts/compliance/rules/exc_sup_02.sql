{# A FORWARD migration on a day on which the holder, or with no holder the event's Supplier, is not Qualified. #}
with

events as (

    select * from {{ ref('fct_migration') }}
    where is_counted

),

effects as (

    select * from {{ ref('int_migration_effect') }}
    where direction = 'FORWARD'

),

final as (

    select
        'SUP-02' as rule_id,
        {{ mpan_text('events.mpan') }} as subject_key,
        events.mpan,
        events.responsible_mpid as mpid,
        'SUP' as market_role,
        {{ point_attributes('events') }},
        events.market_segment as reason_segment,
        events.effective_from as reason_on,
        -- Without a holder nobody's holding can end what was done.
        case
            when events.holder_mpid is null then 'RECORDED'
            else {{ status_until('effects.effect_until') }}
        end as status,
        events.effective_from as occurred_on,
        {{ ended_on('effects.effect_until') }} as ended_on,
        events.holder_registration_id as registration_id,
        case
            when events.holder_mpid is not null
                then 'held this Metering Point when it was migrated on ' || {{ day_in_words('events.effective_from') }}
            else
                'asked for the migration of ' || {{ day_in_words('events.effective_from') }}
                || ', when nobody held this point'
        end as what_happened,
        events.load_id
    from events
    left join effects
        on
            events.mpan = effects.mpan
            and events.effective_from = effects.effective_from
    where
        events.direction = 'FORWARD'
        and not events.responsible_is_qualified

)

select * from final
