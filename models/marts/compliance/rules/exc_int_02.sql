{# The next active registration of an MPAN starts after the end of every earlier one. #}
with

registrations as (

    select * from {{ ref('int_registration_neighbour') }}

),

final as (

    select
        'INT-02' as rule_id,
        registration_id as subject_key,
        mpan,
        {{ point_attributes() }},
        'OPEN' as status,
        covered_until as occurred_on,
        registration_id,
        'No registration covers the days from ' || {{ day_in_words('covered_until') }}
        || ' to ' || {{ day_in_words('valid_from - 1') }} as what_happened,
        load_id
    from registrations
    where valid_from > covered_until

)

select * from final
