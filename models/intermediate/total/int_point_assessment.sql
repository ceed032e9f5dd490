{#
    What each rule about Metering Points looked at, of each party: how many subjects it judged, to how many it does not apply, how
    many it cannot judge. Subjects are those of the rule's key.
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

-- Of an MPAN with one event that event is the subject; few have several, and of those each party's count once.
events as (

    select
        mpan,
        direction,
        coalesce(responsible_mpid, supplier_mpid, '-') as mpid,
        is_counted,
        holder_mpid is not null as is_held,
        effective_from >= (select m14.milestone_date from m14) as is_from_m14
    from {{ ref('fct_migration') }}
    where effective_from <= {{ as_of() }}

),

several as (

    select distinct mpan from {{ ref('fct_migration') }}
    where days_since_previous_event is not null

),

single_events as (

    select
        events.* exclude (mpan),
        count(*) as subjects
    from events
    anti join several
        on events.mpan = several.mpan
    group by all

),

repeated_events as (

    select
        events.*,
        1 as subjects
    from events
    semi join several
        on events.mpan = several.mpan

),

judged_events as (

    {% for relation, mpan in [('single_events', 'cast(null as bigint)'), ('repeated_events', 'events.mpan')] -%}
        select
            rules.rule_id,
            events.mpid,
            {{ mpan }} as mpan,
            case
                when rules.rule_id = 'SUP-05' and not events.is_from_m14 then 'BEFORE_M14'
                when rules.rule_id = 'SUP-07' and events.is_from_m14 then 'FROM_M14'
            end as why_not_applicable,
            case
                when not events.is_counted then 'NO_REGISTRATION'
                when rules.rule_id = 'SUP-07' and not events.is_held then 'NO_HOLDER'
            end as why_not_judged,
            events.subjects
        from {{ relation }} as events
        inner join (
            values ('SUP-02', 'FORWARD'), ('SUP-05', 'REVERSE'), ('SUP-07', 'REVERSE')
        ) as rules (rule_id, direction)
            on events.direction = rules.direction
        {% if not loop.last -%}
            union all
        {% endif -%}
    {% endfor %}

),

-- An MPAN of which one event could be judged was judged.
of_events as (

    select
        rule_id,
        mpid,
        why_not_applicable,
        why_not_judged,
        subjects
    from judged_events
    where mpan is null
    union all
    select
        rule_id,
        mpid,
        case when bool_and(why_not_applicable is not null) then min(why_not_applicable) end as why_not_applicable,
        case
            when bool_and(why_not_applicable is not null or why_not_judged is not null)
                then min(why_not_judged) filter (where why_not_applicable is null)
        end as why_not_judged,
        1 as subjects
    from judged_events
    where mpan is not null
    group by rule_id, mpid, mpan

),

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
    -- What is counted and not under MHHS: all that is counted, less what is.
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
    select distinct others.mpan
    from {{ ref('stg_registration__registration') }} as others
    anti join {{ ref('dim_metering_point') }} as points
        on others.mpan = points.mpan
    where
        others.registration_status <> 'ACTIVE'
        and others.valid_from <= {{ as_of() }}

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

-- An MPAN with an event counts once, by its first.
of_origins as (

    select
        'INT-05' as rule_id,
        '-' as mpid,
        cast(null as varchar) as why_not_applicable,
        cast(null as varchar) as why_not_judged,
        count(*) as subjects
    from {{ ref('fct_migration') }}
    where
        days_since_previous_event is null
        and effective_from <= {{ as_of() }}
    union all
    select
        'INT-05' as rule_id,
        '-' as mpid,
        cast(null as varchar) as why_not_applicable,
        cast(null as varchar) as why_not_judged,
        coalesce(sum(subjects), 0) as subjects
    from appointments

),

every_subject as (

    {% for relation in [
        'of_points', 'of_registrations', 'of_events', 'of_appointments', 'of_neighbours', 'of_mpans', 'of_origins'
    ] -%}
        select * from {{ relation }}
        {% if not loop.last -%}
            union all
        {% endif -%}
    {% endfor %}

),

final as (

    select
        rule_id,
        mpid,
        case
            when why_not_applicable is not null then 'NOT_APPLICABLE'
            when why_not_judged is not null then 'CANNOT_BE_JUDGED'
            else 'JUDGED'
        end as outcome,
        coalesce(why_not_applicable, why_not_judged, '-') as reason,
        cast(sum(subjects) as bigint) as subjects
    from every_subject
    group by all
    having sum(subjects) <> 0

)

select * from final
