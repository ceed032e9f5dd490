{#
    Every party that anyone may ask about: those in standing data, those with a decision or a stage, and those that
    registrations, migration events and appointments name, known or not.
#}
with

market_segments as (

    select
        'SUP' as market_role,
        market_segment
    from {{ ref('market_segment') }}
    union all
    select
        market_role,
        {{ any_segment() }} as market_segment
    from {{ ref('market_role') }}
    where market_role <> 'SUP'

),

parties as (

    select
        mpid,
        market_role
    from {{ ref('stg_qualification__participant') }}
    union
    select
        mpid,
        market_role
    from {{ ref('stg_qualification__approval') }}
    union
    select
        mpid,
        market_role
    from {{ ref('stg_qualification__stage') }}
    union
    select
        mpid,
        market_role
    from {{ ref('int_named_party') }}

),

final as (

    select
        parties.mpid,
        parties.market_role,
        market_segments.market_segment
    from parties
    inner join market_segments
        on parties.market_role = market_segments.market_role

)

select * from final
