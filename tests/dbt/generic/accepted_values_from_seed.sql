{#
    Fails with every value of the column that a seed does not list, once for each; null passes, as in `accepted_values`.

    seed            the seed, as `ref('market_role')`
    seed_column     its column, where it bears another name
#}
{% test accepted_values_from_seed(model, column_name, seed, seed_column=none) %}
    select
        found.{{ column_name }},
        found.occurrences
    from (
        select
            cast({{ column_name }} as varchar) as {{ column_name }},
            count(*) as occurrences
        from {{ model }}
        group by {{ column_name }}
    ) as found
    left join {{ seed }} as listed
        on found.{{ column_name }} = listed.{{ seed_column or column_name }}
    where
        found.{{ column_name }} is not null
        and listed.{{ seed_column or column_name }} is null
{% endtest %}
