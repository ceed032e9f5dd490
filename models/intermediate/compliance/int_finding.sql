{# What every rule found, in one shape. A new rule is one more name here. #}
{%- set rules = ['exc_sup_01', 'exc_sup_02', 'exc_sup_03', 'exc_mem_01'] -%}

with

findings as (

    {% for rule in rules %}
    select * from {{ ref(rule) }}
    {{ 'union all by name' if not loop.last }}
    {% endfor %}

),

rules as (

    select * from {{ ref('rule') }}

),

milestones as (

    select * from {{ ref('int_milestone') }}

),

final as (

    select
        findings.* exclude (severity),
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
