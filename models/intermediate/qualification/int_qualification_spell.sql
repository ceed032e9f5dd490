{# Decisions of one body never overlap, so the granted decisions on a day are as many as the bodies that granted. #}
with

granted_decisions as (

    select * from {{ ref('int_granted_decision') }}

),

spells as (

    {{ spells_where(
        'granted_decisions', ['mpid', 'market_role', 'market_segment', 'bodies_required'], 'depth = bodies_required'
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
