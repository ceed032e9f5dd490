with

rules as (

    select * from {{ ref('rule') }}

),

final as (

    select
        rule_id,
        family,
        title,
        wording,
        subject_type,
        milestone,
        severity_before,
        severity_from,
        action,
        source_clause
    from rules

)

select * from final
