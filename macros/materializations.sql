{# dbt makes a relation beside the one that stands, renames both and drops the old one within a
   transaction, so that readers never miss it. Nobody reads the build database. #}
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
