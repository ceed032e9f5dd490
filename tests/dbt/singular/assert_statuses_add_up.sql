-- Every Supplier has one readiness status: the counts by status add up to the Suppliers.
select *
from {{ ref('rpt_m14_headline') }}
where
    suppliers
    <> suppliers_status_qualified + suppliers_status_exempt_scope + suppliers_status_missed + suppliers_status_no_plan
    + suppliers_status_late + suppliers_status_at_risk + suppliers_status_on_track
