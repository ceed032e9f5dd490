with

regime_spells as (

    select * from {{ ref('int_regime_spell') }}

),

-- By number, before it is text: readers find a point in one block.
in_order as (

    select * from regime_spells
    order by mpan, valid_from

),

final as (

    select
        {{ mpan_text('mpan') }} as mpan,
        regime,
        valid_from,
        valid_to
    from in_order

)

select * from final
