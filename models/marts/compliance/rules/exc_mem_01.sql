{# Each run of days on which an appointed Metering Equipment Manager served a migrated point while not Qualified in its role. #}
with

appointments as (

    select * from {{ ref('int_appointment') }}
    where service_role in ('MSS', 'MSA')

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
        appointments.*,
        greatest(appointments.valid_from, unqualified_spells.valid_from, mhhs_spells.valid_from) as spell_from,
        least(appointments.valid_to, unqualified_spells.valid_to, mhhs_spells.valid_to) as spell_to
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
        'MEM-01' as rule_id,
        spells.appointment_id as subject_key,
        spells.mpan,
        spells.agent_mpid as mpid,
        spells.service_role as market_role,
        {{ point_attributes('holdings') }},
        {{ any_segment() }} as reason_segment,
        least(spells.spell_to - 1, {{ as_of() }}) as reason_on,
        cast(null as varchar) as severity,
        case when spells.spell_to > {{ as_of() }} then 'OPEN' else 'CLOSED' end as status,
        spells.spell_from as occurred_on,
        case when spells.spell_to <= {{ as_of() }} then spells.spell_to end as ended_on,
        holdings.registration_id,
        spells.appointment_id,
        false as is_in_flight,
        'serves this migrated Metering Point as metering service since '
        || {{ day_in_words('spells.spell_from') }} as what_happened,
        spells.load_id
    from spells
    left join holdings
        on
            spells.mpan = holdings.mpan
            and {{ covers('holdings', as_of()) }}
    where spells.spell_from <= {{ as_of() }}

)

select * from final
