{#
    Fails with every interval `valid_from` .. `valid_to` that is empty, or that overlaps the one before it within its keys.

    may_touch    false: one that starts where the one before it ended fails too
#}
{% test no_overlap(model, keys, may_touch=true) %}
    select *
    from (
        select
            {{ keys | join(', ') }},
            valid_from,
            valid_to,
            lag(valid_to) over neighbours as previous_to
        from {{ model }}
        window neighbours as (partition by {{ keys | join(', ') }} order by valid_from, valid_to)
    )
    where
        valid_from >= valid_to
        or valid_from < previous_to
        {%- if not may_touch %}
        or valid_from = previous_to
        {%- endif %}
{% endtest %}
