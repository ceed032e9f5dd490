{# A Reverse Migration before M14 although the holder on the day was Qualified for the segment. #}
with

events as (

    select * from {{ ref('fct_migration') }}
    where is_counted

),

m14 as (

    select milestone_date from {{ ref('int_milestone') }}
    where milestone = 'M14'

),

final as (

    select
        'SUP-07' as rule_id,
        {{ mpan_text('events.mpan') }} as subject_key,
        events.mpan,
        events.holder_mpid as mpid,
        'SUP' as market_role,
        {{ point_attributes('events') }},
        'RECORDED' as status,
        events.effective_from as occurred_on,
        events.holder_registration_id as registration_id,
        'was Qualified and held this Metering Point when it was reverse migrated on '
        || {{ day_in_words('events.effective_from') }} as what_happened,
        events.load_id
    from events
    cross join m14
    where
        events.direction = 'REVERSE'
        and events.effective_from < m14.milestone_date
        and events.holder_is_qualified

)

select * from final
