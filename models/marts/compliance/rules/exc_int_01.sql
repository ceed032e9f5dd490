{# Two active registrations of one MPAN, next to each other in holding order, share a day. #}
with

registrations as (

    select * from {{ ref('int_registration_neighbour') }}

),

final as (

    select
        'INT-01' as rule_id,
        previous_registration_id || '|' || registration_id as subject_key,
        mpan,
        {{ point_attributes() }},
        'OPEN' as status,
        valid_from as occurred_on,
        registration_id,
        'The registration overlaps the previous one of the Metering Point from '
        || {{ day_in_words('valid_from') }} as what_happened,
        load_id
    from registrations
    where valid_from < previous_registered_to

)

select * from final
