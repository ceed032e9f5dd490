{# A Metering Equipment Manager served a migrated Metering Point on days on which it was not Qualified in its role. #}
with

services as (

    select * from {{ ref('int_unqualified_service') }}

),

final as (

    select
        'MEM-01' as rule_id,
        appointment_id as subject_key,
        mpan,
        agent_mpid as mpid,
        service_role as market_role,
        {{ point_attributes() }},
        {{ any_segment() }} as reason_segment,
        least(valid_to - 1, {{ as_of() }}) as reason_on,
        {{ status_until('valid_to') }} as status,
        valid_from as occurred_on,
        {{ ended_on('valid_to') }} as ended_on,
        registration_id,
        appointment_id,
        case when valid_to > {{ as_of() }} then 'serves' else 'served' end
        || ' this migrated Metering Point as metering service (' || service_role || ') since '
        || {{ day_in_words('valid_from') }} as what_happened,
        load_id
    from services
    where service_role in ('MSS', 'MSA')

)

select * from final
