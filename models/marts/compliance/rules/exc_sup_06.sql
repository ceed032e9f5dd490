{# A live, migrated Metering Point is held on the as-of day by a Supplier that is not Qualified for its segment. #}
with

holdings as (

    select * from {{ ref('int_unqualified_holding') }}

),

mhhs_spells as (

    select * from {{ ref('fct_regime') }}

),

final as (

    select
        'SUP-06' as rule_id,
        holdings.registration_id as subject_key,
        holdings.mpan,
        holdings.supplier_mpid as mpid,
        'SUP' as market_role,
        {{ point_attributes('holdings') }},
        holdings.market_segment as reason_segment,
        {{ as_of() }} as reason_on,
        'OPEN' as status,
        greatest(holdings.unqualified_from, mhhs_spells.valid_from) as occurred_on,
        holdings.registration_id,
        'holds this Metering Point, migrated since ' || {{ day_in_words('mhhs_spells.valid_from') }} as what_happened,
        holdings.load_id
    from holdings
    inner join mhhs_spells
        on
            holdings.mpan = mhhs_spells.mpan
            and {{ covers('mhhs_spells', as_of()) }}

)

select * from final
