with

qualification_spells as (

    select * from {{ ref('int_qualification_spell') }}

),

final as (

    select
        mpid,
        market_role,
        market_segment,
        valid_from,
        valid_to
    from qualification_spells

)

select * from final
