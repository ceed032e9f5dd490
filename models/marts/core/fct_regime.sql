with

regime_spells as (

    select * from {{ ref('int_regime_spell') }}

),

-- By number, before it is text: readers find a point in few blocks. Spells that started with time, and open ones,
-- lie apart, since days that differ little take a third of the bytes.
in_order as (

    select * from regime_spells
    order by
        valid_from > {{ start_of_time() }},
        valid_to < {{ open_end() }},
        mpan,
        valid_from

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
