{#
    Fails with every interval `valid_from` .. `valid_to` that is empty, or that overlaps the one before it within its keys.

    gaps_allowed  false: one that does not start where the one before it ended fails too
    may_touch     false: one that starts where the one before it ended fails too
#}
{% test no_overlap(model, keys, gaps_allowed=true, may_touch=true) %}
    select *
    from (
        select
            {{ keys | join(', ') }},
            valid_from,
            valid_to,
            lag(valid_to) over (partition by {{ keys | join(', ') }} order by valid_from, valid_to) as previous_to
        from {{ model }}
    )
    where
        valid_from >= valid_to
        or valid_from < previous_to
        {%- if not gaps_allowed %}
        or valid_from > previous_to
        {%- endif %}
        {%- if not may_touch %}
        or valid_from = previous_to
        {%- endif %}
{% endtest %}
