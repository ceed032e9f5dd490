{# MPANs whose check digit is wrong. #}
with

points as (

    select * from {{ ref('int_suspect_mpan') }}

),

final as (

    select
        'INT-03' as rule_id,
        {{ mpan_text('mpan') }} as subject_key,
        mpan,
        {{ point_attributes() }},
        'OPEN' as status,
        first_from as occurred_on,
        registration_id,
        'The check digit of this MPAN is wrong; its first registration starts on '
        || {{ day_in_words('first_from') }} as what_happened,
        load_id
    from points
    where not is_check_digit_right

)

select * from final
