{#
    Fails with every group whose sum is not that of another relation: each figure counted once, none lost.

    sum, with_sum   an aggregate of each relation; a group that one of them lacks counts as 0
    with            the other relation
    by              columns of both by which the sums are compared
#}
{% test sums_reconcile(model, sum, with, with_sum, by) %}
    select
        {{ by | join(', ') }},
        coalesce(one.total, 0) as total,
        coalesce(other.total, 0) as other_total
    from (
        select {{ by | join(', ') }}, {{ sum }} as total
        from {{ model }}
        group by {{ by | join(', ') }}
    ) as one
    full join (
        select {{ by | join(', ') }}, {{ with_sum }} as total
        from {{ with }}
        group by {{ by | join(', ') }}
    ) as other
        using ({{ by | join(', ') }})
    where coalesce(one.total, 0) <> coalesce(other.total, 0)
{% endtest %}
