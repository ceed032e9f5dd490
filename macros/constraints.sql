{#
    The columns and constraints of a contracted table, without the primary key where the model's key is proven by a test.

    DuckDB enforces a primary key through an index: on a mart with a row per Metering Point that index takes ten times
    as long as the table. There `unique_key` or `ascending` proves the same before anything is published (config.meta.key_proven_by: test).
#}
{% macro duckdb__get_table_columns_and_constraints() -%}
    {%- set column_constraints = adapter.render_raw_columns_constraints(raw_columns=model['columns']) -%}
    {%- set kept = [] -%}
    {%- for constraint in model['constraints'] -%}
        {%- if constraint.type != 'primary_key' or config.meta_get('key_proven_by') != 'test' -%}
            {%- do kept.append(constraint) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set model_constraints = adapter.render_raw_model_constraints(raw_constraints=kept) -%}
    ({{ (column_constraints + model_constraints) | join(', ') }})
{%- endmacro %}
