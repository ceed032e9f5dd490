{# By default dbt builds the new relation under a temporary name and swaps it in, so that readers
   always find one. Nobody reads the build database during a build. #}
{% materialization table, adapter="duckdb" %}
    {%- set relation = this.incorporate(type="table") -%}
    {%- call statement("main", auto_begin=false) -%}
        drop table if exists {{ relation }};
        {{ create_table_as(false, relation, compiled_code) }}
    {%- endcall -%}
    {{- return({"relations": [relation]}) -}}
{% endmaterialization %}


{% materialization view, adapter="duckdb" %}
    {%- set relation = this.incorporate(type="view") -%}
    {%- call statement("main", auto_begin=false) -%}
        drop view if exists {{ relation }};
        {{ create_view_as(relation, compiled_code) }}
    {%- endcall -%}
    {{- return({"relations": [relation]}) -}}
{% endmaterialization %}
