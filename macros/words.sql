{# A party as people write it: Alder Energy (ALDR). #}
{% macro party_in_words(participant_name, mpid) -%}
    coalesce({{ participant_name }} || ' (' || {{ mpid }} || ')', {{ mpid }}, 'An unnamed party')
{%- endmacro %}

{# Why a party is not Qualified, as the end of a sentence; null without a reason. #}
{% macro reason_in_words(reason_code, missing_approvals, segment_title) -%}
    case {{ reason_code }}
        when 'UNKNOWN' then 'it has no row in standing data for this role'
        when 'FUTURE' then 'its approvals take effect only later'
        when 'SCOPE' then 'it is Qualified for other market segments, not for ' || {{ segment_title }}
        when 'LAPSED' then 'it was Qualified before; no approval stands from: ' || {{ missing_approvals }}
        when 'PARTIAL' then 'approval is missing from: ' || {{ missing_approvals }}
        when 'NONE' then 'no approval stands from: ' || {{ missing_approvals }}
    end
{%- endmacro %}
