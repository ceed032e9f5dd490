{# Live holdings on the as-of day whose Supplier is not Qualified for their segment, and since when. #}
with

holdings as (

    select * from {{ ref('fct_holding') }}

),

unqualified_spells as (

    select * from {{ ref('int_unqualified_spell') }}
    where market_role = 'SUP'

),

final as (

    select
        holdings.registration_id,
        holdings.mpan,
        holdings.supplier_mpid,
        {{ point_attributes('holdings') }},
        holdings.valid_from as held_from,
        greatest(holdings.valid_from, unqualified_spells.valid_from) as unqualified_from,
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
