{#
    Fails with every row whose keys are not greater than those of the row before it, or hold a null. Where each row's keys are
    greater than the last no key occurs twice, and the rows lie in order: one pass proves both, where `unique_key` has to
    bring equal keys together first.

    no_overlap_within    columns, the first of the keys, within which the row's interval `valid_from` .. `valid_to` must not
                         start before the one before it has ended; none ends before it starts
    may_touch            false: neither may it start where that one ended, and none is empty
#}
{% test ascending(model, keys, no_overlap_within=[], may_touch=true) %}
    {%- set columns = (keys + (['valid_from', 'valid_to'] if no_overlap_within else [])) | unique | list %}
    select *
    from (
        select
            {%- for column in columns %}
            {{ column }},
            lag({{ column }}) over () as {{ column }}_before{{ ',' if not loop.last }}
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
        {%- if no_overlap_within %}
        or valid_from {{ '>' if may_touch else '>=' }} valid_to
        or (
            {%- for equal in no_overlap_within -%}
                {{ equal }} = {{ equal }}_before and {% endfor -%}
            valid_from {{ '<' if may_touch else '<=' }} valid_to_before
        )
        {%- endif %}
{% endtest %}
