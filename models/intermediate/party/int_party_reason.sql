with

unqualified_spells as (

    select * from {{ ref('int_party_unqualified_spell') }}

),

questions as (

    select
        mpid,
        market_role,
        cast(null as varchar) as market_segment,
        {{ as_of() }} as asked_on
    from unqualified_spells
    where {{ covers('unqualified_spells', as_of()) }}

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
