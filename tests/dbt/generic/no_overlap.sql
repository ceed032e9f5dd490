{#
    Fails with every interval `valid_from` .. `valid_to` that is empty, or that overlaps the one before it within its keys.

    may_touch     false: one that starts where the one before it ended fails too
    in_order      true: the rows lie in the order of keys and `valid_from`, as `ascending` proves; nothing need be sorted
#}
{% test no_overlap(model, keys, may_touch=true, in_order=false) %}
    select *
    from (
        select
            {{ keys | join(', ') }},
            valid_from,
            valid_to,
            {{ neighbour('lag', 'valid_to', keys, in_order) }} as previous_to
        from {{ model }}
    )
    where
        valid_from >= valid_to
        or valid_from < previous_to
        {%- if not may_touch %}
        or valid_from = previous_to
        {%- endif %}
{% endtest %}
