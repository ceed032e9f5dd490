{# A Switch effective on or after M14, active or pending, for a Supplier not Qualified for its segment on that day. #}
with

gains as (

    select * from {{ ref('int_unqualified_gain') }}

),

final as (

    select
        'SUP-03' as rule_id,
        registration_id as subject_key,
        mpan,
        supplier_mpid as mpid,
        'SUP' as market_role,
        {{ point_attributes() }},
        market_segment as reason_segment,
        gained_on as reason_on,
        case
            when gained_on > {{ as_of() }} then 'WARNING'
            when registration_status = 'ACTIVE' then 'BREACH'
            else 'REVIEW'
        end as severity,
        {{ status_until('effect_until') }} as status,
        gained_on as occurred_on,
        {{ ended_on('effect_until') }} as ended_on,
        registration_id,
        is_in_flight,
        case
            when gained_on > {{ as_of() }} then 'is to gain this Metering Point by a Switch on '
            when registration_status = 'ACTIVE' then 'gained this Metering Point by a Switch on '
            else 'has a pending Switch for this Metering Point dated '
        end || {{ day_in_words('gained_on') }} as what_happened,
        load_id
    from gains
    where registration_type = 'SWITCH'

)

select * from final
