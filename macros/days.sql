{# The as-of day of the build, as a date literal. Models never ask the clock: without the variable the build stops. #}
{% macro as_of() -%}
    {%- set day = var('as_of', none) -%}
    {%- if day is none and execute -%}
        {{ exceptions.raise_compiler_error(
            "The as-of day is missing. Run `python -m pipeline build`, or pass --vars '{as_of: 2026-10-28}' to dbt."
        ) }}
    {%- endif -%}
    date '{{ day or "0001-01-01" }}'
{%- endmacro %}

{# The end of an open interval. #}
{% macro open_end() -%}
    date '9999-12-31'
{%- endmacro %}

{# The start of time: where a spell has no known beginning. #}
{% macro start_of_time() -%}
    date '0001-01-01'
{%- endmacro %}

{# Turns an inclusive last day into the end of a half-open interval; empty and 9999-12-31 mean open. #}
{% macro half_open_end(last_day) -%}
    case
        when {{ last_day }} is null or {{ last_day }} >= {{ open_end() }} then {{ open_end() }}
        else {{ last_day }} + 1
    end
{%- endmacro %}

{#
    The settlement date of an instant: its date in Europe/London.
    UK clocks are at UTC or one hour ahead of it, so the two dates differ in the last hour of a UTC day alone;
    asking the time zone library only there is many times faster and changes nothing.
#}
{% macro settlement_date(instant) -%}
    case
        when date_part('hour', {{ instant }} at time zone 'UTC') = 23
            then cast({{ instant }} at time zone 'Europe/London' as date)
        else cast({{ instant }} at time zone 'UTC' as date)
    end
{%- endmacro %}

{# A day in words: 3 March 2026. #}
{% macro day_in_words(day) -%}
    strftime({{ day }}, '%-d %B %Y')
{%- endmacro %}
