{#
    Subjects of rules by what came of them: JUDGED, NOT_APPLICABLE or CANNOT_BE_JUDGED, each with its reason (`-` for none).

    subjects    relation with rule_id, mpid, why_not_applicable, why_not_judged and `subjects`, a number that may be negative
#}
{% macro subjects_by_outcome(subjects) -%}
    select
        rule_id,
        mpid,
        case
            when why_not_applicable is not null then 'NOT_APPLICABLE'
            when why_not_judged is not null then 'CANNOT_BE_JUDGED'
            else 'JUDGED'
        end as outcome,
        coalesce(why_not_applicable, why_not_judged, '-') as reason,
        cast(sum(subjects) as bigint) as subjects
    from {{ subjects }}
    group by all
    having sum(subjects) <> 0
{%- endmacro %}
