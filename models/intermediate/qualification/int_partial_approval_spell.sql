with

granted_decisions as (

    select * from {{ ref('int_granted_decision') }}

),

spells as (

    {{ spells_where(
        'granted_decisions',
        ['mpid', 'market_role', 'market_segment', 'bodies_required'],
        'depth between 1 and bodies_required - 1'
    ) }}

),

final as (

    select
        mpid,
        market_role,
        market_segment,
        valid_from,
        valid_to
    from spells

)

select * from final
