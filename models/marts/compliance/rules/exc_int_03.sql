{# MPANs whose check digit is wrong. #}
with

points as (

    select * from {{ ref('int_suspect_mpan') }}

),

holdings as (

    select * from {{ ref('int_holding') }}

),

final as (

    select
        'INT-03' as rule_id,
        {{ mpan_text('points.mpan') }} as subject_key,
        points.mpan,
        {{ point_attributes('holdings') }},
        'OPEN' as status,
        points.first_from as occurred_on,
        holdings.registration_id,
        'The check digit of this MPAN is wrong; its first registration starts on '
        || {{ day_in_words('points.first_from') }} as what_happened,
        points.load_id
    from points
    left join holdings
        on
            points.mpan = holdings.mpan
            and {{ covers('holdings', as_of()) }}
    where not points.is_check_digit_right

)

select * from final
