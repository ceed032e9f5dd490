{#- The model of a rule bears its id: exc_sup_01. dbt's graph tells which there are and which tests they have. -#}
{%- set models = [] -%}
{%- if execute -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name.startswith('exc_') -%}
        {%- do models.append(node.name) -%}
    {%- endfor -%}
{%- endif %}

with

rules as (

    select * from {{ ref('rule') }}

),

unit_tests as (

    select
        model,
        count(*) as unit_tests,
        string_agg(unit_test, ', ' order by unit_test) as unit_test_names
    from {{ source('raw', 'unit_test') }}
    group by model

),

rule_models as (

    {% for name in models | sort -%}
        select '{{ name }}' as model_name
        {% if not loop.last -%}
            union all
        {% endif -%}
    {% else -%}
        select cast(null as varchar) as model_name
    {% endfor %}

),

final as (

    select
        rules.rule_id,
        rules.family,
        rules.title,
        rules.wording,
        rules.subject_type,
        rules.milestone,
        rules.severity_before,
        rules.severity_from,
        rules.action,
        rules.source_clause,
        rule_models.model_name,
        coalesce(unit_tests.unit_tests, 0) as unit_tests,
        unit_tests.unit_test_names
    from rules
    left join rule_models
        on 'exc_' || lower(replace(rules.rule_id, '-', '_')) = rule_models.model_name
    left join unit_tests
        on rule_models.model_name = unit_tests.model

)

select * from final
