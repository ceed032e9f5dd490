{# An active appointment covers the as-of day in a legacy role under MHHS, or an MHHS role (UMSO aside) under LEGACY. #}
with

appointments as (

    select * from {{ ref('fct_appointment') }}
    where
        is_counted
        and service_role <> 'UMSO'

),

mhhs_spells as (

    select * from {{ ref('fct_regime') }}

),

holdings as (

    select * from {{ ref('fct_holding') }}

),

-- A point is under the legacy arrangements since its last spell under MHHS ended.
last_ends as (

    select
        mpan,
        max(valid_to) as last_to
    from {{ ref('fct_regime') }}
    where valid_to <= {{ as_of() }}
    group by mpan

),

wrong as (

    select
        appointments.*,
        mhhs_spells.valid_from as mhhs_from
    from appointments
    left join mhhs_spells
        on
            appointments.mpan = mhhs_spells.mpan
            and {{ covers('mhhs_spells', as_of()) }}
    where
        {{ covers('appointments', as_of()) }}
        and appointments.is_mhhs_role = (mhhs_spells.mpan is null)

),

dated as (

    select
        wrong.*,
        greatest(wrong.valid_from, coalesce(wrong.mhhs_from, last_ends.last_to, {{ start_of_time() }})) as wrong_from
    from wrong
    left join last_ends
        on wrong.mpan = last_ends.mpan

),

final as (

    select
        'APP-03' as rule_id,
        dated.appointment_id as subject_key,
        dated.mpan,
        dated.agent_mpid as mpid,
        dated.service_role as market_role,
        {{ point_attributes('holdings') }},
        'OPEN' as status,
        dated.wrong_from as occurred_on,
        holdings.registration_id,
        dated.appointment_id,
        'has been appointed as ' || dated.service_role || ' to a Metering Point under '
        || case when dated.mhhs_from is null then 'the legacy arrangements' else 'MHHS' end
        || ' since ' || {{ day_in_words('dated.wrong_from') }} as what_happened,
        dated.load_id
    from dated
    left join holdings
        on
            dated.mpan = holdings.mpan
            and {{ covers('holdings', as_of()) }}

)

select * from final
