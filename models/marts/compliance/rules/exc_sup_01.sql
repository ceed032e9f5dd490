{# A live Metering Point is held on the as-of day by a Supplier that is not Qualified for its segment. #}
with

holdings as (

    select * from {{ ref('int_unqualified_holding') }}

),

final as (

    select
        'SUP-01' as rule_id,
        registration_id as subject_key,
        mpan,
        supplier_mpid as mpid,
        'SUP' as market_role,
        {{ point_attributes() }},
        market_segment as reason_segment,
        {{ as_of() }} as reason_on,
        'OPEN' as status,
        unqualified_from as occurred_on,
        registration_id,
        'holds this Metering Point since ' || {{ day_in_words('held_from') }} as what_happened,
        load_id
    from holdings

)

select * from final
