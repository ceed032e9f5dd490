-- A rule that judges Qualification gives a reason for every exception.
select *
from {{ ref('fct_exception') }}
where
    rule_id in ('SUP-01', 'SUP-02', 'SUP-03', 'SUP-04', 'SUP-06', 'MEM-01', 'DS-01', 'DNO-01', 'QAL-01')
    and reason_code is null
