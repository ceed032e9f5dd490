with

findings as (

    select * from {{ ref('int_finding') }}

),

questions as (

    select distinct
        mpid,
        market_role,
        reason_segment as market_segment,
        reason_on as asked_on
    from findings
    where
        reason_on is not null
        and mpid is not null

),

final as (

    {{ unqualified_reason('questions') }}

)

select * from final
