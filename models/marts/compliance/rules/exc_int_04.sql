{# MPANs whose first two digits are no known distributor id. #}
with

points as (

    select * from {{ ref('int_suspect_mpan') }}

),

holdings as (

    select * from {{ ref('int_holding') }}

),

final as (

    select
        'INT-04' as rule_id,
        {{ mpan_text('points.mpan') }} as subject_key,
        points.mpan,
        {{ point_attributes('holdings') }},
        'OPEN' as status,
        points.first_from as occurred_on,
        holdings.registration_id,
        'The first two digits of this MPAN are no known distributor id; its first registration starts on '
        || {{ day_in_words('points.first_from') }} as what_happened,
        points.load_id
    from points
    left join holdings
        on
            points.mpan = holdings.mpan
            and {{ covers('holdings', as_of()) }}
    where not points.is_distributor_known

)

select * from final
