{# Each run of days on which an appointed agent served a migrated Metering Point while not Qualified in its role. #}
with

appointments as (

    select * from {{ ref('fct_appointment') }}
    where
        is_counted
        and service_role in ('MSS', 'MSA', 'SDS', 'ADS', 'UMSDS')

),

unqualified_spells as (

    select * from {{ ref('int_unqualified_spell') }}

),

mhhs_spells as (

    select * from {{ ref('fct_regime') }}

),

holdings as (

    select * from {{ ref('fct_holding') }}

),

-- Few agents are ever not Qualified: theirs alone are held against the spells of points.
of_unqualified as (

    select appointments.* from appointments
    semi join unqualified_spells
        on
            appointments.agent_mpid = unqualified_spells.mpid
            and appointments.service_role = unqualified_spells.market_role
            and {{ overlaps('appointments', 'unqualified_spells') }}

),

spells as (

    select
        of_unqualified.appointment_id,
        of_unqualified.mpan,
        of_unqualified.service_role,
        of_unqualified.agent_mpid,
        of_unqualified.load_id,
        greatest(of_unqualified.valid_from, unqualified_spells.valid_from, mhhs_spells.valid_from) as valid_from,
        least(of_unqualified.valid_to, unqualified_spells.valid_to, mhhs_spells.valid_to) as valid_to
    from of_unqualified
    inner join unqualified_spells
        on
            of_unqualified.agent_mpid = unqualified_spells.mpid
            and of_unqualified.service_role = unqualified_spells.market_role
            and {{ overlaps('of_unqualified', 'unqualified_spells') }}
    inner join mhhs_spells
        on
            of_unqualified.mpan = mhhs_spells.mpan
            and {{ overlaps('of_unqualified', 'mhhs_spells') }}
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
