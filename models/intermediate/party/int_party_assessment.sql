{# What each rule about parties looked at: which it judged, to which it does not apply, which it cannot judge. #}
with

participants as (

    select * from {{ ref('int_participant') }}

),

dnos as (

    select * from {{ ref('int_dno') }}

),

stages as (

    select * from {{ ref('int_stage') }}

),

-- Every party that anybody names.
parties as (

    select distinct
        mpid,
        market_role
    from {{ ref('int_party_segment') }}

),

qualifications as (

    select * from {{ ref('int_party_qualification') }}

),

active_parties as (

    select active.* from {{ ref('int_active_party') }} as active
    semi join {{ ref('market_role') }} as market_roles
        on
            active.market_role = market_roles.market_role
            and market_roles.is_mhhs_role

),

standing as (

    select
        parties.mpid,
        parties.market_role,
        qualifications.mpid is not null as is_qualified
    from parties
    left join qualifications
        on
            parties.mpid = qualifications.mpid
            and parties.market_role = qualifications.market_role

),

judged as (

    select
        'DNO-01' as rule_id,
        participants.mpid,
        case when dnos.mpid is null then 'NOT_A_DNO' end as why_not_applicable,
        cast(null as varchar) as why_not_judged,
        1 as subjects
    from participants
    left join dnos
        on participants.mpid = dnos.mpid
    where participants.market_role = 'LDSO'
    union all
    select
        'QAL-01' as rule_id,
        mpid,
        case when not is_in_force then 'NOT_IN_FORCE' end as why_not_applicable,
        cast(null as varchar) as why_not_judged,
        1 as subjects
    from participants
    where market_role = 'SUP'
    union all
    select
        'QAL-02' as rule_id,
        stages.mpid,
        case when standing.is_qualified then 'QUALIFIED' end as why_not_applicable,
        case when stages.planned_on is null then 'NO_PLANNED_DATE' end as why_not_judged,
        1 as subjects
    from stages
    inner join standing
        on
            stages.mpid = standing.mpid
            and stages.market_role = standing.market_role
    union all
    select
        'QAL-03' as rule_id,
        mpid,
        case when is_qualified then 'QUALIFIED' end as why_not_applicable,
        cast(null as varchar) as why_not_judged,
        1 as subjects
    from standing
    union all
    select
        'QAL-04' as rule_id,
        mpid,
        case when not is_qualified then 'NOT_QUALIFIED' end as why_not_applicable,
        cast(null as varchar) as why_not_judged,
        1 as subjects
    from standing
    union all
    select
        'REF-01' as rule_id,
        mpid,
        cast(null as varchar) as why_not_applicable,
        cast(null as varchar) as why_not_judged,
        1 as subjects
    from active_parties

),

final as (

    {{ subjects_by_outcome('judged') }}

)

select * from final
