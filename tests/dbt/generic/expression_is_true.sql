{# Fails with every row for which the expression is not true; null counts as not true. #}
{% test expression_is_true(model, expression, column_name=none) %}
    select * from {{ model }}
    where ({{ expression }}) is not true
{% endtest %}
