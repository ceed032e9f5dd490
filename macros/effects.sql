{# The status of a spell or an effect that lasts until a day (exclusive): OPEN while it holds on the as-of day. #}
{% macro status_until(until) -%}
    case when {{ until }} > {{ as_of() }} then 'OPEN' else 'CLOSED' end
{%- endmacro %}

{# The first day on which a spell or an effect no longer holds; null while it is open. #}
{% macro ended_on(until) -%}
    case when {{ until }} <= {{ as_of() }} then {{ until }} end
{%- endmacro %}
