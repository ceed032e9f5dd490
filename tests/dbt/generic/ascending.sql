{#
    Fails with every row whose keys are not greater than those of the row before it, or hold a null. Where each row's keys are
    greater than the last no key occurs twice, and the rows lie in order: one pass proves both, where `unique_key` has to
    bring equal keys together first.
#}
{% test ascending(model, keys) %}
    select *
    from (
        select
            {%- for key in keys %}
            {{ key }},
            lag({{ key }}) over () as {{ key }}_before{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ model }}
    )
    where
        {{ keys | join(' is null or ') }} is null
        {%- for key in keys %}
        or (
            {%- for equal in keys[:loop.index0] -%}
                {{ equal }} = {{ equal }}_before and {% endfor -%}
            {{ key }} {{ '<=' if loop.last else '<' }} {{ key }}_before
        )
        {%- endfor %}
{% endtest %}
