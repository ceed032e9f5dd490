with

source as (

    select * from {{ source('raw', 'approval') }}

),

final as (

    select
        mpid,
        market_role,
        approval_body,
        decision,
        -- Segments matter for Suppliers alone: for any other role a decision covers everything.
        case when market_role = 'SUP' then coalesce(segments, 'SAU') else {{ any_segment() }} end as segments,
        decided_on,
        effective_from as valid_from,
        {{ half_open_end('effective_to') }} as valid_to,
        reference,
        load_id
    from source

)

select * from final
