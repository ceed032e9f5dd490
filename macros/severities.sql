{# The rank of a severity, 1 for the gravest. #}
{% macro severity_rank(severity) -%}
    list_position(['BREACH', 'WARNING', 'REVIEW', 'EXPOSURE', 'DATA'], {{ severity }})
{%- endmacro %}
