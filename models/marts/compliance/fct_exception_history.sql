{# Spans over the sequence of as-of days that were built; the ledger outlives every rebuild. #}
with

exceptions as (

    select * from {{ ref('fct_exception') }}

),

judged as (

    select * from {{ source('raw', 'exception_judged') }}

),

corrected as (

    select * from {{ source('raw', 'exception_corrected') }}

),

earlier_builds as (

    select * from {{ source('raw', 'exception_build') }}

),

earlier_sightings as (

    select * from {{ source('raw', 'exception_sighting') }}

),

builds as (

    select
        as_of,
        row_number() over (order by as_of) as build_number,
        is_last_of_contract,
        lead(as_of) over (order by as_of) as next_as_of
    from (
        select
            as_of,
            is_last_of_contract
        from earlier_builds
        union all
        select
            {{ as_of() }} as as_of,
            false as is_last_of_contract
    )

),

every_sighting as (

    select
        as_of,
        exception_id,
        rule_id,
        severity,
        status,
        mpid
    from earlier_sightings
    union all
    select
        as_of,
        exception_id,
        rule_id,
        severity,
        status,
        mpid
    from exceptions

),

-- One that is CLOSED is over: the build that first shows it so ends its span.
sightings as (

    select *
    from every_sighting
    where status <> 'CLOSED'

),

-- Within a span the number of the build and the rank of the sighting grow together.
ranked as (

    select
        sightings.*,
        builds.build_number,
        builds.next_as_of,
        builds.is_last_of_contract,
        builds.build_number
        - row_number() over (partition by sightings.exception_id order by builds.build_number) as span
    from sightings
    inner join builds
        on sightings.as_of = builds.as_of

),

-- With another contract a severity may be defined otherwise: that is no move.
moves as (

    select
        *,
        {{ severity_rank('severity') }} as severity_rank,
        lag(case when not is_last_of_contract then {{ severity_rank('severity') }} end) over (
            partition by exception_id, span
            order by build_number
        ) as rank_before
    from ranked

),

spans as (

    select
        exception_id,
        min(as_of) as detected_from,
        coalesce(arg_max_null(next_as_of, build_number), {{ open_end() }}) as detected_to,
        max(as_of) as last_detected_on,
        arg_max(rule_id, build_number) as rule_id,
        arg_max_null(mpid, build_number) as mpid,
        arg_max(severity, build_number) as severity,
        arg_min(severity, build_number) as severity_at_first,
        max(as_of) filter (where severity_rank < rank_before) as escalated_on,
        max(as_of) filter (where severity_rank > rank_before) as eased_on,
        arg_max(status, build_number) as status,
        arg_max(is_last_of_contract, build_number) as is_last_of_contract
    from moves
    group by exception_id, span

),

wrong as (

    select distinct
        before,
        after,
        exception_id
    from corrected

),

-- A correction that moves a first day gives the exception another id: one goes, one comes.
moved as (

    select
        spans.exception_id,
        spans.detected_to,
        count(*) over (partition by spans.exception_id, spans.detected_to) as ways_on,
        count(*) over (partition by corrected.restated_as, spans.detected_to) as ways_in
    from spans
    inner join corrected
        on
            spans.exception_id = corrected.exception_id
            and spans.last_detected_on = corrected.before
            and spans.detected_to = corrected.after
    inner join sightings
        on
            corrected.restated_as = sightings.exception_id
            and corrected.after = sightings.as_of

),

final as (

    select
        spans.* exclude (is_last_of_contract),
        case
            when spans.is_last_of_contract then 'DEFINITION_CHANGED'
            when judged.before is null then null
            when moved.exception_id is not null then 'RE_STATED'
            when wrong.exception_id is not null then 'CORRECTION'
            else 'REAL'
        end as end_cause
    from spans
    left join judged
        on
            spans.last_detected_on = judged.before
            and spans.detected_to = judged.after
    left join moved
        on
            spans.exception_id = moved.exception_id
            and spans.detected_to = moved.detected_to
            and moved.ways_on = 1
            and moved.ways_in = 1
    left join wrong
        on
            spans.exception_id = wrong.exception_id
            and spans.last_detected_on = wrong.before
            and spans.detected_to = wrong.after
    order by
        spans.exception_id,
        spans.detected_from

)

select * from final
