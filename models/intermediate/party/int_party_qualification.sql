with

party_spells as (

    select * from {{ ref('int_party_qualification_spell') }}

),

segment_spells as (

    select * from {{ ref('int_qualification_spell') }}

),

segments as (

    select
        mpid,
        market_role,
        string_agg(market_segment, '' order by position(market_segment in 'SAU')) as qualified_segments
    from segment_spells
    where {{ covers('segment_spells', as_of()) }}
    group by mpid, market_role

),

final as (

    select
        party_spells.mpid,
        party_spells.market_role,
        segments.qualified_segments,
        party_spells.valid_from as qualified_from
    from party_spells
    inner join segments
        on
            party_spells.mpid = segments.mpid
            and party_spells.market_role = segments.market_role
    where {{ covers('party_spells', as_of()) }}

)

select * from final
