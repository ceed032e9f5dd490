with

findings as (

    select * from {{ ref('int_finding') }}

),

reasons as (

    select * from {{ ref('int_finding_reason') }}

),

participants as (

    select * from {{ ref('int_participant') }}

),

mhhs_spells as (

    select * from {{ ref('fct_regime') }}

),

loads as (

    select * from {{ source('raw', 'load') }}

),

first_sightings as (

    select
        exception_id,
        min(as_of) as first_detected_on
    from {{ source('raw', 'exception_sighting') }}
    group by exception_id

),

previous_exceptions as (

    select * from {{ source('raw', 'previous_exception') }}

),

-- With another contract findings are defined otherwise: nothing is new for that.
definition as (

    select coalesce(arg_max(is_last_of_contract, as_of), false) as has_changed
    from {{ source('raw', 'exception_build') }}

),

market_segments as (

    select * from {{ ref('market_segment') }}

),

explained as (

    select
        {{ exception_id('findings.rule_id', 'findings.subject_key', 'findings.occurred_on') }} as exception_id,
        findings.*,
        participants.participant_name,
        case
            when findings.reason_on is null then null
            when findings.mpid is null then 'UNKNOWN'
            else reasons.reason_code
        end as reason_code,
        reasons.missing_approvals,
        mhhs_spells.mpan is not null as is_mhhs
    from findings
    left join reasons
        on
            findings.mpid = reasons.mpid
            and findings.market_role = reasons.market_role
            and findings.reason_segment is not distinct from reasons.market_segment
            and findings.reason_on = reasons.asked_on
    left join participants
        on
            findings.mpid = participants.mpid
            and findings.market_role = participants.market_role
    left join mhhs_spells
        on
            findings.mpan = mhhs_spells.mpan
            and {{ covers('mhhs_spells', as_of()) }}

),

final as (

    select
        explained.exception_id,
        explained.rule_id,
        explained.severity,
        explained.status,
        explained.subject_type,
        explained.subject_key,
        explained.mpan,
        explained.mpid,
        explained.market_role,
        explained.participant_name,
        explained.reason_code,
        -- Integrity findings have no party: they are whole sentences.
        case
            when explained.market_role is null then ''
            else {{ party_in_words('explained.participant_name', 'explained.mpid') }} || ' '
        end
        || explained.what_happened
        || coalesce(' until ' || {{ day_in_words('explained.ended_on - 1') }}, '')
        || coalesce(
            '; ' || {{ reason_in_words(
                'explained.reason_code', 'explained.missing_approvals', 'market_segments.title'
            ) }},
            ''
        )
        || '.' as reason_detail,
        explained.occurred_on,
        explained.ended_on,
        explained.counted_from,
        cast(
            case
                when explained.status = 'OPEN' and explained.counted_from <= {{ as_of() }}
                    then {{ as_of() }} - explained.counted_from + 1
                when explained.status = 'CLOSED' and explained.counted_from is not null
                    then greatest(explained.ended_on - explained.counted_from, 0)
            end as integer
        ) as days_open,
        explained.market_segment,
        explained.gsp_group_id,
        explained.ldso_mpid,
        explained.is_domestic,
        explained.annual_kwh,
        case when explained.mpan is not null then case when explained.is_mhhs then 'MHHS' else 'LEGACY' end end
            as regime,
        explained.registration_id,
        explained.appointment_id,
        explained.is_in_flight,
        coalesce(first_sightings.first_detected_on, {{ as_of() }}) as first_detected_on,
        case
            when explained.status = 'CLOSED' or definition.has_changed then null
            when coalesce(previous_exceptions.status, 'CLOSED') = 'CLOSED' then 'NEW'
            when {{ severity_rank('explained.severity') }} < {{ severity_rank('previous_exceptions.severity') }}
                then 'ESCALATED'
            when {{ severity_rank('explained.severity') }} > {{ severity_rank('previous_exceptions.severity') }}
                then 'EASED'
        end as change_since_previous,
        loads.file as source_files,
        {{ as_of() }} as as_of
    from explained
    left join market_segments
        on explained.market_segment = market_segments.market_segment
    left join loads
        on explained.load_id = loads.load_id
    left join first_sightings
        on explained.exception_id = first_sightings.exception_id
    left join previous_exceptions
        on explained.exception_id = previous_exceptions.exception_id
    cross join definition
    order by
        {{ severity_rank('explained.severity') }},
        explained.rule_id,
        explained.occurred_on,
        explained.exception_id

)

select * from final
