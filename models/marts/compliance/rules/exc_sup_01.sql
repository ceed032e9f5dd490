{# A Supplier that is not Qualified for a point's segment on the as-of day holds it on that day, and the point is live. #}
with

holdings as (

    select * from {{ ref('int_holding') }}

),

unqualified_spells as (

    select * from {{ ref('int_unqualified_spell') }}
    where market_role = 'SUP'

),

final as (

    select
        'SUP-01' as rule_id,
        holdings.registration_id as subject_key,
        holdings.mpan,
        holdings.supplier_mpid as mpid,
        'SUP' as market_role,
        {{ point_attributes('holdings') }},
        holdings.market_segment as reason_segment,
        {{ as_of() }} as reason_on,
        cast(null as varchar) as severity,
        'OPEN' as status,
        greatest(holdings.valid_from, unqualified_spells.valid_from) as occurred_on,
        cast(null as date) as ended_on,
        holdings.registration_id,
        cast(null as varchar) as appointment_id,
        false as is_in_flight,
        'holds this Metering Point since ' || {{ day_in_words('holdings.valid_from') }} as what_happened,
        holdings.load_id
    from holdings
    inner join unqualified_spells
        on
            holdings.supplier_mpid = unqualified_spells.mpid
            and holdings.market_segment = unqualified_spells.market_segment
    where
        holdings.is_live
        and {{ covers('holdings', as_of()) }}
        and {{ covers('unqualified_spells', as_of()) }}

)

select * from final
