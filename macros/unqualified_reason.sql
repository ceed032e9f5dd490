{#
    Why a party is not Qualified on a day: the first reason that fits, and the Code Bodies whose approval is missing.

    questions   relation with mpid, market_role, market_segment (null: for at least one segment), asked_on;
                distinct rows, of days on which the party is not Qualified

    Returns the question's four columns, reason_code, missing_approvals (text, null where nothing is missing).
#}
{% macro unqualified_reason(questions) -%}
    select
        mpid,
        market_role,
        market_segment,
        asked_on,
        case
            when not bool_or(is_known) then 'UNKNOWN'
            when bool_or(is_future) then 'FUTURE'
            when market_segment is not null and bool_or(is_qualified_elsewhere) then 'SCOPE'
            when bool_or(is_lapsed) then 'LAPSED'
            when bool_or(is_partial) then 'PARTIAL'
            else 'NONE'
        end as reason_code,
        -- Without a segment the one that is nearest to Qualified speaks for the party.
        arg_max(missing_approvals, bodies_granted * 10 - tested_order) as missing_approvals
    from (
        select
            asked.*,
            exists (
                select 1 from {{ ref('stg_qualification__participant') }} as participants
                where participants.mpid = asked.mpid and participants.market_role = asked.market_role
            ) as is_known,
            not exists (
                select 1 from {{ ref('int_decision_in_force') }} as decisions
                where
                    decisions.mpid = asked.mpid
                    and decisions.market_role = asked.market_role
                    and decisions.market_segment = asked.tested_segment
                    and decisions.is_required
                    and decisions.valid_from <= asked.asked_on
            )
            and exists (
                select 1 from {{ ref('int_qualification_spell') }} as spells
                where
                    spells.mpid = asked.mpid
                    and spells.market_role = asked.market_role
                    and spells.market_segment = asked.tested_segment
                    and spells.valid_from > asked.asked_on
            ) as is_future,
            exists (
                select 1 from {{ ref('int_qualification_spell') }} as spells
                where
                    spells.mpid = asked.mpid
                    and spells.market_role = asked.market_role
                    and spells.market_segment <> asked.tested_segment
                    and spells.valid_from <= asked.asked_on
                    and asked.asked_on < spells.valid_to
            ) as is_qualified_elsewhere,
            exists (
                select 1 from {{ ref('int_qualification_spell') }} as spells
                where
                    spells.mpid = asked.mpid
                    and spells.market_role = asked.market_role
                    and spells.market_segment = asked.tested_segment
                    and spells.valid_from < asked.asked_on
            ) as is_lapsed,
            approvals.bodies_granted between 1 and approvals.bodies_required - 1 as is_partial,
            approvals.bodies_granted,
            approvals.missing_approvals
        from (
            select
                questions.*,
                party_segments.market_segment as tested_segment,
                position(party_segments.market_segment in 'SAU') as tested_order
            from {{ questions }} as questions
            inner join {{ ref('int_party_segment') }} as party_segments
                on
                    questions.mpid = party_segments.mpid
                    and questions.market_role = party_segments.market_role
                    and coalesce(questions.market_segment, party_segments.market_segment)
                    = party_segments.market_segment
        ) as asked
        left join (
            select
                days.mpid,
                days.market_role,
                days.market_segment,
                days.asked_on,
                count(*) as bodies_required,
                count(granted.approval_body) as bodies_granted,
                string_agg(bodies.title, ', ' order by bodies.title)
                    filter (where granted.approval_body is null) as missing_approvals
            from (
                select distinct
                    party_segments.mpid,
                    party_segments.market_role,
                    party_segments.market_segment,
                    questions.asked_on
                from {{ questions }} as questions
                inner join {{ ref('int_party_segment') }} as party_segments
                    on
                        questions.mpid = party_segments.mpid
                        and questions.market_role = party_segments.market_role
            ) as days
            inner join {{ ref('required_approval') }} as required_approvals
                on days.market_role = required_approvals.market_role
            inner join {{ ref('approval_body') }} as bodies
                on required_approvals.approval_body = bodies.approval_body
            left join {{ ref('int_granted_decision') }} as granted
                on
                    days.mpid = granted.mpid
                    and days.market_role = granted.market_role
                    and days.market_segment = granted.market_segment
                    and required_approvals.approval_body = granted.approval_body
                    and granted.valid_from <= days.asked_on
                    and days.asked_on < granted.valid_to
            group by days.mpid, days.market_role, days.market_segment, days.asked_on
        ) as approvals
            on
                asked.mpid = approvals.mpid
                and asked.market_role = approvals.market_role
                and asked.tested_segment = approvals.market_segment
                and asked.asked_on = approvals.asked_on
    )
    group by mpid, market_role, market_segment, asked_on
{%- endmacro %}
