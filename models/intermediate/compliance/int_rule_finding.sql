{{ config(materialized='view') }}

{# What every rule found, in one shape; a column that a rule does not speak of is null. A new rule is a name here. #}
{%- set rules = [
    'exc_sup_01', 'exc_sup_02', 'exc_sup_03', 'exc_sup_04', 'exc_sup_05', 'exc_sup_06', 'exc_sup_07',
    'exc_mem_01', 'exc_ds_01', 'exc_app_01', 'exc_app_02', 'exc_app_03',
    'exc_dno_01', 'exc_qal_01', 'exc_qal_02', 'exc_qal_03', 'exc_qal_04', 'exc_ref_01',
    'exc_int_01', 'exc_int_02', 'exc_int_03', 'exc_int_04', 'exc_int_05',
] -%}
{%- if execute -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name.startswith('exc_') -%}
        {%- if node.name not in rules -%}
            {{ exceptions.raise_compiler_error(
                "No one reads what " ~ node.name ~ " finds: add it to the list of int_rule_finding."
            ) }}
        {%- endif -%}
    {%- endfor -%}
{%- endif %}

with

findings as (

    {% for rule in rules -%}
        select * from {{ ref(rule) }}
        {% if not loop.last -%}
            union all by name
        {% endif -%}
    {% endfor %}

)

select * from findings
