{# Fails with every key that occurs more than once, or that has a null in it. #}
{% test unique_key(model, keys) %}
    select
        {{ keys | join(', ') }},
        count(*) as occurrences
    from {{ model }}
    group by {{ keys | join(', ') }}
    having count(*) > 1 or {{ keys | join(' is null or ') }} is null
{% endtest %}
