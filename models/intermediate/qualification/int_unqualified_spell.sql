with

qualification_spells as (

    select * from {{ ref('int_qualification_spell') }}

),

party_segments as (

    select * from {{ ref('int_party_segment') }}

),

final as (

    {{ gaps_between('qualification_spells', 'party_segments', ['mpid', 'market_role', 'market_segment']) }}

)

select * from final
