{#
    What each rule about migrations looked at, of each party. An MPAN counts once for a party, however many events it has.
#}
with

m14 as (

    select milestone_date from {{ ref('int_milestone') }}
    where milestone = 'M14'

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

),

every_subject as (

    select * from of_events
    union all
    select * from of_origins

),

final as (

    {{ subjects_by_outcome('every_subject') }}

)

select * from final
