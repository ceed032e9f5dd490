{#
    What each rule about points and registrations looked at, of each party: how many subjects it judged, to how many it does
    not apply, how many it cannot judge. Subjects are those of the rule's key.
#}
with

points as (

    select
        supplier_mpid as mpid,
        is_live,
        regime,
        market_segment = 'U' as is_unmetered,
        count(*) as subjects
    from {{ ref('dim_metering_point') }}
    group by all

),

-- SUP-01, SUP-06, APP-01 and APP-02 judge the live points that a Supplier holds, some of them those under MHHS alone.
of_points as (

    select
        rules.rule_id,
        points.mpid,
        case
            when not points.is_live then 'NOT_LIVE'
            when rules.rule_id <> 'SUP-01' and points.regime = 'LEGACY' then 'NOT_MIGRATED'
            when rules.rule_id = 'APP-01' and points.is_unmetered then 'UNMETERED'
        end as why_not_applicable,
        cast(null as varchar) as why_not_judged,
        points.subjects
    from points
    cross join (values ('SUP-01'), ('SUP-06'), ('APP-01'), ('APP-02')) as rules (rule_id)

),

m14 as (

    select milestone_date from {{ ref('int_milestone') }}
    where milestone = 'M14'

),

registrations as (

    select
        supplier_mpid as mpid,
        registration_type,
        registration_status in ('ACTIVE', 'PENDING') as can_gain,
        valid_from >= (select m14.milestone_date from m14) as is_from_m14,
        count(*) as subjects
    from {{ ref('stg_registration__registration') }}
    group by all

),

of_registrations as (

    select
        case registration_type when 'SWITCH' then 'SUP-03' else 'SUP-04' end as rule_id,
        mpid,
        case
            when not can_gain then 'NOT_ACTIVE'
            when not is_from_m14 then 'BEFORE_M14'
        end as why_not_applicable,
        cast(null as varchar) as why_not_judged,
        subjects
    from registrations

),

-- Each two neighbours in holding order may overlap, or leave a gap before the later one.
of_neighbours as (

    select
        rules.rule_id,
        '-' as mpid,
        cast(null as varchar) as why_not_applicable,
        cast(null as varchar) as why_not_judged,
        count(*) as subjects
    from {{ ref('fct_holding') }} as holdings
    cross join (values ('INT-01'), ('INT-02')) as rules (rule_id)
    where holdings.next_from is not null
    group by rules.rule_id

),

-- MPANs of any registration by the as-of day: nearly all have a holding.
named_mpans as (

    select mpan from {{ ref('dim_metering_point') }}
    union all
    select distinct registrations.mpan
    from {{ ref('stg_registration__registration') }} as registrations
    anti join {{ ref('dim_metering_point') }} as points
        on registrations.mpan = points.mpan
    where
        registrations.registration_status <> 'ACTIVE'
        and registrations.valid_from <= {{ as_of() }}

),

of_mpans as (

    select
        rules.rule_id,
        '-' as mpid,
        cast(null as varchar) as why_not_applicable,
        cast(null as varchar) as why_not_judged,
        count(*) as subjects
    from named_mpans
    cross join (values ('INT-03'), ('INT-04')) as rules (rule_id)
    group by rules.rule_id

),

every_subject as (

    select * from of_points
    union all
    select * from of_registrations
    union all
    select * from of_neighbours
    union all
    select * from of_mpans

),

final as (

    {{ subjects_by_outcome('every_subject') }}

)

select * from final
