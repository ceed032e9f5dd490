{# An active appointment covers the as-of day in a legacy role under MHHS, or an MHHS role (UMSO aside) under LEGACY. #}
with

appointments as (

    select * from {{ ref('int_appointment') }}
    where service_role <> 'UMSO'

),

market_roles as (

    select * from {{ ref('market_role') }}

),

regime_spells as (

    select * from {{ ref('int_regime_spell') }}

),

holdings as (

    select * from {{ ref('int_holding') }}

),

regimes as (

    select
        appointments.*,
        market_roles.is_mhhs_role,
        coalesce(regime_spells.regime, 'LEGACY') as regime,
        greatest(appointments.valid_from, coalesce(regime_spells.valid_from, {{ start_of_time() }})) as wrong_from
    from appointments
    inner join market_roles
        on appointments.service_role = market_roles.market_role
    left join regime_spells
        on
            appointments.mpan = regime_spells.mpan
            and {{ covers('regime_spells', as_of()) }}
    where {{ covers('appointments', as_of()) }}

),

final as (

    select
        'APP-03' as rule_id,
        regimes.appointment_id as subject_key,
        regimes.mpan,
        regimes.agent_mpid as mpid,
        regimes.service_role as market_role,
        {{ point_attributes('holdings') }},
        'OPEN' as status,
        regimes.wrong_from as occurred_on,
        holdings.registration_id,
        regimes.appointment_id,
        'has been appointed as ' || regimes.service_role || ' to a Metering Point under '
        || case regimes.regime when 'MHHS' then 'MHHS' else 'the legacy arrangements' end
        || ' since ' || {{ day_in_words('regimes.wrong_from') }} as what_happened,
        regimes.load_id
    from regimes
    left join holdings
        on
            regimes.mpan = holdings.mpan
            and {{ covers('holdings', as_of()) }}
    where regimes.is_mhhs_role = (regimes.regime = 'LEGACY')

)

select * from final
