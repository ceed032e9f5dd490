with

findings as (

    select * from {{ ref('int_rule_finding') }}

),

rules as (

    select * from {{ ref('rule') }}

),

milestones as (

    select * from {{ ref('int_milestone') }}

),

final as (

    select
        findings.* exclude (severity, is_in_flight),
        coalesce(findings.is_in_flight, false) as is_in_flight,
        rules.subject_type,
        coalesce(
            findings.severity,
            case
                when {{ as_of() }} < milestones.milestone_date then rules.severity_before
                else rules.severity_from
            end
        ) as severity
    from findings
    inner join rules
        on findings.rule_id = rules.rule_id
    inner join milestones
        on rules.milestone = milestones.milestone

)

select * from final
