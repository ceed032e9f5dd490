with

exceptions as (

    select * from {{ ref('fct_exception') }}

),

previous_exceptions as (

    select * from {{ source('raw', 'previous_exception') }}

),

-- One Metering Point can stand under a rule more than once: its energy counts once.
standing_points as (

    select
        exceptions.rule_id,
        exceptions.severity,
        exceptions.status,
        coalesce(exceptions.mpid, '-') as mpid,
        exceptions.mpan,
        count(*) as exceptions,
        max(exceptions.annual_kwh) as annual_kwh,
        min(exceptions.counted_from) filter (
            where exceptions.status = 'OPEN' and exceptions.counted_from <= {{ as_of() }}
        ) as oldest_on,
        count(*) filter (where exceptions.change_since_previous = 'NEW') as new_since_previous,
        count(*) filter (where exceptions.change_since_previous = 'ESCALATED') as escalated_since_previous,
        count(*) filter (where exceptions.change_since_previous = 'EASED') as eased_since_previous
    from exceptions
    group by all

),

standing as (

    select
        rule_id,
        severity,
        status,
        mpid,
        sum(exceptions) as exceptions,
        count(mpan) as metering_points,
        sum(annual_kwh) as annual_kwh,
        min(oldest_on) as oldest_on,
        sum(new_since_previous) as new_since_previous,
        sum(escalated_since_previous) as escalated_since_previous,
        sum(eased_since_previous) as eased_since_previous
    from standing_points
    group by rule_id, severity, status, mpid

),

resolved as (

    select
        previous_exceptions.rule_id,
        previous_exceptions.severity,
        previous_exceptions.status,
        coalesce(previous_exceptions.mpid, '-') as mpid,
        count(*) as resolved_since_previous
    from previous_exceptions
    left join exceptions
        on previous_exceptions.exception_id = exceptions.exception_id
    where
        previous_exceptions.status = 'OPEN'
        and coalesce(exceptions.status, 'CLOSED') = 'CLOSED'
    group by all

),

final as (

    select
        coalesce(standing.rule_id, resolved.rule_id) as rule_id,
        coalesce(standing.severity, resolved.severity) as severity,
        coalesce(standing.status, resolved.status) as status,
        coalesce(standing.mpid, resolved.mpid) as mpid,
        cast(coalesce(standing.exceptions, 0) as bigint) as exceptions,
        coalesce(standing.metering_points, 0) as metering_points,
        cast(coalesce(standing.annual_kwh, 0) as decimal(38, 3)) as annual_kwh,
        standing.oldest_on,
        cast(coalesce(standing.new_since_previous, 0) as bigint) as new_since_previous,
        coalesce(resolved.resolved_since_previous, 0) as resolved_since_previous,
        cast(coalesce(standing.escalated_since_previous, 0) as bigint) as escalated_since_previous,
        cast(coalesce(standing.eased_since_previous, 0) as bigint) as eased_since_previous
    from standing
    full join resolved
        on
            standing.rule_id = resolved.rule_id
            and standing.severity = resolved.severity
            and standing.status = resolved.status
            and standing.mpid = resolved.mpid

)

select * from final
