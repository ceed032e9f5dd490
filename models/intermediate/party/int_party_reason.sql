with

party_segments as (

    select * from {{ ref('int_party_segment') }}

),

qualification_spells as (

    select * from {{ ref('int_party_qualification_spell') }}

),

questions as (

    select distinct
        party_segments.mpid,
        party_segments.market_role,
        cast(null as varchar) as market_segment,
        {{ as_of() }} as asked_on
    from party_segments
    anti join qualification_spells
        on
            party_segments.mpid = qualification_spells.mpid
            and party_segments.market_role = qualification_spells.market_role
            and {{ covers('qualification_spells', as_of()) }}

),

reasons as (

    {{ unqualified_reason('questions') }}

),

final as (

    select
        mpid,
        market_role,
        reason_code,
        missing_approvals
    from reasons

)

select * from final
