with

regime_spells as (

    select * from {{ ref('int_regime_spell') }}

),

final as (

    select
        {{ mpan_text('mpan') }} as mpan,
        regime,
        valid_from,
        valid_to
    from regime_spells

)

select * from final
