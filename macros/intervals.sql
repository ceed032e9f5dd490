{#
    Spells: the longest unbroken runs of days on which a condition on overlapping intervals holds.

    intervals   relation with `valid_from` and `valid_to` (half-open)
    keys        columns within which the intervals are counted
    condition   on `depth`, the number of intervals that cover a day; false where depth is 0

    Returns the keys, valid_from, valid_to. Touching intervals make one spell, empty ones none.
#}
{% macro spells_where(intervals, keys, condition='depth > 0') -%}
    {%- set key_list = keys | join(', ') -%}
    select
        {{ key_list }},
        edge_on as valid_from,
        next_edge_on as valid_to
    from (
        select
            *,
            lead(edge_on, 1, {{ open_end() }}) over (partition by {{ key_list }} order by edge_on) as next_edge_on
        from (
            select
                *,
                lag(holds, 1, false) over (partition by {{ key_list }} order by edge_on) as held_before
            from (
                select
                    *,
                    {{ condition }} as holds
                from (
                    select
                        {{ key_list }},
                        edge_on,
                        sum(sum(step)) over (partition by {{ key_list }} order by edge_on) as depth
                    from (
                        select {{ key_list }}, valid_from as edge_on, 1 as step
                        from {{ intervals }}
                        where valid_from < valid_to
                        union all
                        select {{ key_list }}, valid_to as edge_on, -1 as step
                        from {{ intervals }}
                        where valid_from < valid_to
                    )
                    group by {{ key_list }}, edge_on
                )
            )
        )
        where holds <> held_before
    )
    where holds
{%- endmacro %}

{#
    Gaps: the days of all time that spells leave free, per row of `subjects`.

    spells      relation with the keys, `valid_from`, `valid_to`; spells of one key neither overlap nor touch
    subjects    relation with one row per key, whether or not it has a spell
#}
{% macro gaps_between(spells, subjects, keys) -%}
    {%- set key_list = keys | join(', ') -%}
    select
        {{ key_list }},
        valid_from,
        valid_to
    from (
        select
            {{ key_list }},
            lag(valid_to, 1, {{ start_of_time() }}) over (partition by {{ key_list }} order by valid_from) as valid_from,
            valid_from as valid_to
        from {{ spells }}
        union all
        select
            {{ key_list }},
            coalesce(max(spells.valid_to), {{ start_of_time() }}) as valid_from,
            {{ open_end() }} as valid_to
        from {{ subjects }} as subjects
        left join {{ spells }} as spells using ({{ key_list }})
        group by {{ key_list }}
    )
    where valid_from < valid_to
{%- endmacro %}

{# Whether an interval covers a day. #}
{% macro covers(relation, day) -%}
    {{ relation }}.valid_from <= {{ day }} and {{ day }} < {{ relation }}.valid_to
{%- endmacro %}

{#
    Whether two intervals share a day; an empty one shares none. Comparisons of two columns each: of anything else the engine makes
    a join of every row with every other.
#}
{% macro overlaps(left_relation, right_relation) -%}
    {{ left_relation }}.valid_from < {{ right_relation }}.valid_to
    and {{ right_relation }}.valid_from < {{ left_relation }}.valid_to
    and {{ left_relation }}.valid_from < {{ left_relation }}.valid_to
    and {{ right_relation }}.valid_from < {{ right_relation }}.valid_to
{%- endmacro %}
