{#
    Fails with every interval `valid_from` .. `valid_to` that does not start on the day on which the one before it within its
    keys ended: of all time each day is there, and once. The first starts with time, the last is open, none is empty.
    It says all that `no_overlap` says, so a model needs one of the two.

    all_time    false: the first may start, and the last may end, on any day
#}
{% test no_gap(model, keys, all_time=true) %}
    select *
    from (
        select
            {{ keys | join(', ') }},
            valid_from,
            valid_to,
            lag(valid_to) over neighbours as previous_to,
            lead(valid_from) over neighbours as next_from
        from {{ model }}
        window neighbours as (partition by {{ keys | join(', ') }} order by valid_from, valid_to)
    )
    where
        valid_from >= valid_to
        or valid_from <> previous_to
        {%- if all_time %}
        or (previous_to is null and valid_from <> {{ start_of_time() }})
        or (next_from is null and valid_to <> {{ open_end() }})
        {%- endif %}
{% endtest %}
