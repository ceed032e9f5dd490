with

party_spells as (

    select * from {{ ref('int_party_qualification_spell') }}

),

parties as (

    select distinct
        mpid,
        market_role
    from {{ ref('int_party_segment') }}

),

final as (

    {{ gaps_between('party_spells', 'parties', ['mpid', 'market_role']) }}

)

select * from final
