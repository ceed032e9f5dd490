{# Spans over the sequence of as-of days that were built; the ledger outlives every rebuild. #}
with

exceptions as (

    select * from {{ ref('fct_exception') }}

),

ends as (

    select * from {{ source('raw', 'exception_end') }}

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
        lead(as_of) over (order by as_of) as next_as_of
    from (
        select as_of from earlier_builds
        union all
        select {{ as_of() }} as as_of
    )

),

sightings as (

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

-- Within a span the number of the build and the rank of the sighting grow together.
ranked as (

    select
        sightings.*,
        builds.build_number,
        builds.next_as_of,
        builds.build_number
        - row_number() over (partition by sightings.exception_id order by builds.build_number) as span
    from sightings
    inner join builds
        on sightings.as_of = builds.as_of

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
        arg_max(status, build_number) as status
    from ranked
    group by exception_id, span

),

final as (

    select
        spans.*,
        ends.cause as end_cause
    from spans
    left join ends
        on
            spans.exception_id = ends.exception_id
            and spans.last_detected_on = ends.before
            and spans.detected_to = ends.after

)

select * from final
