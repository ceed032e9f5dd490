{#
    Fails with every interval `valid_from` .. `valid_to` that does not start on the day on which the one before it within its
    keys ended: of all time each day is there, and once. The first starts with time, the last is open, none is empty.
    It says all that `no_overlap` says, so a model needs one of the two.

    all_time    false: the first may start, and the last may end, on any day
    in_order    true: the rows lie in the order of keys and `valid_from`, as `ascending` proves; nothing need be sorted
#}
{% test no_gap(model, keys, all_time=true, in_order=false) %}
    select *
    from (
        select
            {{ keys | join(', ') }},
            valid_from,
            valid_to,
            {{ neighbour('lag', 'valid_to', keys, in_order) }} as previous_to,
            {{ neighbour('lead', 'valid_from', keys, in_order) }} as next_from
        from {{ model }}
    )
    where
        valid_from >= valid_to
        or valid_from <> previous_to
        {%- if all_time %}
        or (previous_to is null and valid_from <> {{ start_of_time() }})
        or (next_from is null and valid_to <> {{ open_end() }})
        {%- endif %}
{% endtest %}
