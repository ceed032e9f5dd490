{#
    What each rule about appointments looked at, of each party.
#}
with

appointments as (

    select
        agent_mpid as mpid,
        service_role,
        is_counted,
        {{ covers('appointments', as_of()) }} as is_serving,
        count(*) as subjects
    from {{ ref('fct_appointment') }} as appointments
    where
        appointment_status = 'ACTIVE'
        and valid_from <= {{ as_of() }}
    group by all

),

appointments_under_mhhs as (

    select
        appointments.agent_mpid as mpid,
        appointments.service_role,
        count(*) as subjects
    from {{ ref('fct_appointment') }} as appointments
    semi join {{ ref('fct_regime') }} as mhhs_spells
        on
            appointments.mpan = mhhs_spells.mpan
            and {{ overlaps('appointments', 'mhhs_spells') }}
    where appointments.is_counted
    group by all

),

services as (

    select
        'MEM-01' as rule_id,
        market_role
    from {{ ref('market_role') }}
    where role_group = 'METERING'
    union all
    select
        'DS-01' as rule_id,
        market_role
    from {{ ref('market_role') }}
    where role_group = 'DATA'

),

of_appointments as (

    select
        services.rule_id,
        appointments.mpid,
        cast(null as varchar) as why_not_applicable,
        cast(null as varchar) as why_not_judged,
        appointments.subjects
    from appointments_under_mhhs as appointments
    inner join services
        on appointments.service_role = services.market_role
    -- Not migrated: every appointment that rules count (below), less those with a day under MHHS.
    union all
    select
        services.rule_id,
        appointments.mpid,
        'NOT_MIGRATED' as why_not_applicable,
        cast(null as varchar) as why_not_judged,
        -appointments.subjects as subjects
    from appointments_under_mhhs as appointments
    inner join services
        on appointments.service_role = services.market_role
    union all
    select
        services.rule_id,
        appointments.mpid,
        case when appointments.is_counted then 'NOT_MIGRATED' end as why_not_applicable,
        case when not appointments.is_counted then 'NO_REGISTRATION' end as why_not_judged,
        appointments.subjects
    from appointments
    inner join services
        on appointments.service_role = services.market_role
    union all
    select
        'APP-03' as rule_id,
        mpid,
        case
            when not is_serving then 'ENDED'
            when service_role = 'UMSO' then 'UMSO'
        end as why_not_applicable,
        case when not is_counted then 'NO_REGISTRATION' end as why_not_judged,
        subjects
    from appointments

),

of_origins as (

    select
        'INT-05' as rule_id,
        '-' as mpid,
        cast(null as varchar) as why_not_applicable,
        cast(null as varchar) as why_not_judged,
        coalesce(sum(subjects), 0) as subjects
    from appointments

),

every_subject as (

    select * from of_appointments
    union all
    select * from of_origins

),

final as (

    {{ subjects_by_outcome('every_subject') }}

)

select * from final
