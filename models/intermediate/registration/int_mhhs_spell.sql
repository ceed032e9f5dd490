{{ config(materialized='view') }}

with

regime_spells as (

    select * from {{ ref('int_regime_spell') }}

),

final as (

    select
        mpan,
        valid_from,
        valid_to
    from regime_spells
    where regime = 'MHHS'

)

select * from final
