{#
    An exception's subject is one of those that its rule judged, under the same party; what is left of them is clean. A test holds
    that nothing is left over.
#}
with

rules as (

    select * from {{ ref('rule') }}

),

exceptions as (

    select * from {{ ref('fct_exception') }}

),

subjects as (

    select * from {{ ref('int_point_assessment') }}
    union all
    select * from {{ ref('int_migration_assessment') }}
    union all
    select * from {{ ref('int_service_assessment') }}
    union all
    select * from {{ ref('int_party_assessment') }}

),

looked_at as (

    select
        rule_id,
        mpid,
        coalesce(sum(subjects) filter (where outcome = 'JUDGED'), 0) as judged,
        coalesce(sum(subjects) filter (where outcome = 'NOT_APPLICABLE'), 0) as not_applicable,
        coalesce(sum(subjects) filter (where outcome = 'CANNOT_BE_JUDGED'), 0) as cannot_be_judged,
        string_agg(case when outcome = 'NOT_APPLICABLE' then reason || ' ' || subjects end, ', ' order by reason)
            as not_applicable_reasons,
        string_agg(case when outcome = 'CANNOT_BE_JUDGED' then reason || ' ' || subjects end, ', ' order by reason)
            as cannot_be_judged_reasons
    from subjects
    group by rule_id, mpid

),

found as (

    select
        rule_id,
        coalesce(mpid, '-') as mpid,
        count(distinct subject_key) as with_exception
    from exceptions
    group by all

),

rules_with_subjects as (

    select distinct rule_id from subjects

),

-- A rule of which no assessment speaks has in scope what it found.
assessed as (

    select
        coalesce(looked_at.rule_id, found.rule_id) as rule_id,
        coalesce(looked_at.mpid, found.mpid) as mpid,
        case
            when rules_with_subjects.rule_id is null then coalesce(found.with_exception, 0)
            else coalesce(looked_at.judged, 0)
        end as judged,
        coalesce(found.with_exception, 0) as with_exception,
        coalesce(looked_at.not_applicable, 0) as not_applicable,
        coalesce(looked_at.cannot_be_judged, 0) as cannot_be_judged,
        looked_at.not_applicable_reasons,
        looked_at.cannot_be_judged_reasons
    from looked_at
    full join found
        on
            looked_at.rule_id = found.rule_id
            and looked_at.mpid = found.mpid
    left join rules_with_subjects
        on coalesce(looked_at.rule_id, found.rule_id) = rules_with_subjects.rule_id

),

-- A rule that had nothing to look at was run all the same.
final as (

    select
        rules.rule_id,
        coalesce(assessed.mpid, '-') as mpid,
        cast(coalesce(assessed.judged + assessed.cannot_be_judged, 0) as bigint) as in_scope,
        cast(coalesce(assessed.judged - assessed.with_exception, 0) as bigint) as clean,
        cast(coalesce(assessed.with_exception, 0) as bigint) as with_exception,
        cast(coalesce(assessed.not_applicable, 0) as bigint) as not_applicable,
        cast(coalesce(assessed.cannot_be_judged, 0) as bigint) as cannot_be_judged,
        assessed.not_applicable_reasons,
        assessed.cannot_be_judged_reasons
    from rules
    left join assessed
        on rules.rule_id = assessed.rule_id

)

select * from final
