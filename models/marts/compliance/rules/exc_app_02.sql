{# A live, migrated Metering Point has no active data service on the as-of day. #}
with

points as (

    select * from {{ ref('int_unserved_point') }}

),

final as (

    select
        'APP-02' as rule_id,
        {{ mpan_text('mpan') }} as subject_key,
        mpan,
        supplier_mpid as mpid,
        'SUP' as market_role,
        {{ point_attributes() }},
        'OPEN' as status,
        unserved_from as occurred_on,
        registration_id,
        'holds this migrated Metering Point, which has no data service since '
        || {{ day_in_words('unserved_from') }} as what_happened,
        load_id
    from points
    where service = 'DATA'

)

select * from final
