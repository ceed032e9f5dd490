-- Points held by non-Qualified Suppliers: open SUP-01 rows, the headline and the sum over Suppliers agree.
with

exceptions as (

    select count(*) as points from {{ ref('fct_exception') }}
    where rule_id = 'SUP-01' and status = 'OPEN'

),

headline as (

    select points_not_qualified as points from {{ ref('rpt_m14_headline') }}

),

suppliers as (

    select coalesce(sum(points_not_qualified), 0) as points from {{ ref('rpt_supplier_readiness') }}

)

select
    exceptions.points as exception_points,
    headline.points as headline_points,
    suppliers.points as supplier_points
from exceptions
cross join headline
cross join suppliers
where exceptions.points <> headline.points or headline.points <> suppliers.points
