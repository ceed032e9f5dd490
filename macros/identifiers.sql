{#
    An MPAN as the 13 digits that everyone outside the warehouse writes. Inside it is a BIGINT.
    Padding only what needs it takes half the time.
#}
{% macro mpan_text(mpan) -%}
    case
        when {{ mpan }} >= 1000000000000 then cast({{ mpan }} as varchar)
        else lpad(cast({{ mpan }} as varchar), 13, '0')
    end
{%- endmacro %}

{# A label as the text that everyone outside writes. Inside, those of the large extracts are an ENUM: a byte. #}
{% macro label_text(label) -%}
    cast({{ label }} as varchar)
{%- endmacro %}

{# The id of an exception: the same on every run and every engine. #}
{% macro exception_id(rule_id, subject_key, occurred_on) -%}
    md5({{ rule_id }} || '|' || {{ subject_key }} || '|' || cast({{ occurred_on }} as varchar))
{%- endmacro %}

{# The segment in which Qualification of a role is judged: the point's own for a Supplier, `*` for every other role. #}
{% macro any_segment() -%}
    '*'
{%- endmacro %}

{# The attributes of a Metering Point that every exception carries. #}
{% macro point_attributes(relation=none) -%}
    {%- for name in ['market_segment', 'gsp_group_id', 'ldso_mpid', 'is_domestic', 'annual_kwh'] -%}
        {{ relation ~ '.' if relation }}{{ name }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# The check digit that the first 12 digits of an MPAN call for: (weighted sum mod 11) mod 10, by integer arithmetic. #}
{% macro mpan_check_digit(mpan) -%}
    (
        {%- for weight in [3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43] %}
        {{ '+ ' if not loop.first }}{{ weight }} * ({{ mpan }} // {{ 10 ** (13 - loop.index) }} % 10)
        {%- endfor %}
    ) % 11 % 10
{%- endmacro %}
