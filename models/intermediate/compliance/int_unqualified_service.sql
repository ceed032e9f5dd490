{# Each run of days on which an appointed agent served a migrated Metering Point while not Qualified in its role. #}
with

appointments as (

    select * from {{ ref('int_appointment') }}
    where service_role in ('MSS', 'MSA', 'SDS', 'ADS', 'UMSDS')

),

unqualified_spells as (

    select * from {{ ref('int_unqualified_spell') }}

),

mhhs_spells as (

    select * from {{ ref('int_mhhs_spell') }}

),

holdings as (

    select * from {{ ref('int_holding') }}

),

spells as (

    select
        appointments.appointment_id,
        appointments.mpan,
        appointments.service_role,
        appointments.agent_mpid,
        appointments.load_id,
        greatest(appointments.valid_from, unqualified_spells.valid_from, mhhs_spells.valid_from) as valid_from,
        least(appointments.valid_to, unqualified_spells.valid_to, mhhs_spells.valid_to) as valid_to
    from appointments
    inner join unqualified_spells
        on
            appointments.agent_mpid = unqualified_spells.mpid
            and appointments.service_role = unqualified_spells.market_role
            and {{ overlaps('appointments', 'unqualified_spells') }}
    inner join mhhs_spells
        on
            appointments.mpan = mhhs_spells.mpan
            and {{ overlaps('appointments', 'mhhs_spells') }}
            and {{ overlaps('unqualified_spells', 'mhhs_spells') }}

),

final as (

    select
        spells.*,
        holdings.registration_id,
        {{ point_attributes('holdings') }}
    from spells
    left join holdings
        on
            spells.mpan = holdings.mpan
            and {{ covers('holdings', as_of()) }}
    where spells.valid_from <= {{ as_of() }}

)

select * from final
