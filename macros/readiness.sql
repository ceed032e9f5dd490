{#
    Where a party that is not Qualified stands on the road to M14: the first that fits.

    plan        relation with has_plan, expected_on, overdue_stages
    m14_date    date of M14
#}
{% macro road_status(plan, m14_date) -%}
    case
        when {{ as_of() }} >= {{ m14_date }} then 'MISSED'
        when not {{ plan }}.has_plan then 'NO_PLAN'
        when {{ plan }}.expected_on >= {{ m14_date }} then 'LATE'
        when
            {{ plan }}.expected_on >= {{ m14_date }} - 28
            or {{ plan }}.expected_on < {{ as_of() }}
            or {{ plan }}.overdue_stages > 0
            then 'AT_RISK'
        else 'ON_TRACK'
    end
{%- endmacro %}
