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

graded as (

    select
        findings.* exclude (severity, is_in_flight),
        coalesce(findings.is_in_flight, false) as is_in_flight,
        rules.subject_type,
        rules.severity_before,
        milestones.milestone_date,
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

),

-- A company answers for a state from the day on which its rule makes it a breach, for all else from its first day.
final as (

    select
        * exclude (severity_before, milestone_date),
        case
            when severity = 'EXPOSURE' then null
            when severity = 'BREACH' and severity_before <> 'BREACH' then greatest(occurred_on, milestone_date)
            else occurred_on
        end as counted_from
    from graded

)

select * from final
