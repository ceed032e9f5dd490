{# MPANs whose first two digits are no known distributor id. #}
with

points as (

    select * from {{ ref('int_suspect_mpan') }}

),

final as (

    select
        'INT-04' as rule_id,
        {{ mpan_text('mpan') }} as subject_key,
        mpan,
        {{ point_attributes() }},
        'OPEN' as status,
        first_from as occurred_on,
        registration_id,
        'The first two digits of this MPAN are no known distributor id; its first registration starts on '
        || {{ day_in_words('first_from') }} as what_happened,
        load_id
    from points
    where not is_distributor_known

)

select * from final
