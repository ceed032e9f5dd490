with

approvals as (

    select * from {{ ref('stg_qualification__approval') }}

),

decisions as (

    select * from {{ ref('approval_decision') }}

),

required_approvals as (

    select * from {{ ref('required_approval') }}

),

market_segments as (

    select market_segment from {{ ref('market_segment') }}
    union all
    select {{ any_segment() }} as market_segment

),

per_segment as (

    select
        approvals.*,
        market_segments.market_segment
    from approvals
    inner join market_segments
        on contains(approvals.segments, market_segments.market_segment)

),

final as (

    select
        per_segment.mpid,
        per_segment.market_role,
        per_segment.approval_body,
        per_segment.market_segment,
        per_segment.decision,
        per_segment.segments,
        decisions.is_granted,
        required_approvals.approval_body is not null as is_required,
        per_segment.valid_from,
        -- The next decision replaces this one from its own first day, whatever it decides.
        least(
            per_segment.valid_to,
            lead(per_segment.valid_from, 1, {{ open_end() }}) over (
                partition by
                    per_segment.mpid, per_segment.market_role, per_segment.approval_body, per_segment.market_segment
                order by per_segment.valid_from
            )
        ) as valid_to
    from per_segment
    inner join decisions
        on per_segment.decision = decisions.decision
    left join required_approvals
        on
            per_segment.market_role = required_approvals.market_role
            and per_segment.approval_body = required_approvals.approval_body

)

select * from final
