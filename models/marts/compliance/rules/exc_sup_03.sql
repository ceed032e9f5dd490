{# A Switch effective on or after M14, active or pending, for a Supplier not Qualified for its segment on that day. #}
with

registrations as (

    select * from {{ ref('stg_registration__registration') }}

),

unqualified_spells as (

    select * from {{ ref('int_unqualified_spell') }}
    where market_role = 'SUP'

),

m14 as (

    select milestone_date from {{ ref('int_milestone') }}
    where milestone = 'M14'

),

final as (

    select
        'SUP-03' as rule_id,
        registrations.registration_id as subject_key,
        registrations.mpan,
        registrations.supplier_mpid as mpid,
        'SUP' as market_role,
        {{ point_attributes('registrations') }},
        registrations.market_segment as reason_segment,
        registrations.valid_from as reason_on,
        case
            when registrations.valid_from > {{ as_of() }} then 'WARNING'
            when registrations.registration_status = 'ACTIVE' then 'BREACH'
            else 'REVIEW'
        end as severity,
        'RECORDED' as status,
        registrations.valid_from as occurred_on,
        cast(null as date) as ended_on,
        registrations.registration_id,
        cast(null as varchar) as appointment_id,
        coalesce({{ settlement_date('registrations.requested_at') }} < m14.milestone_date, false) as is_in_flight,
        case
            when registrations.valid_from > {{ as_of() }} then 'is to gain this Metering Point by a Switch on '
            when registrations.registration_status = 'ACTIVE' then 'gained this Metering Point by a Switch on '
            else 'has a pending Switch for this Metering Point dated '
        end || {{ day_in_words('registrations.valid_from') }} as what_happened,
        registrations.load_id
    from registrations
    cross join m14
    inner join unqualified_spells
        on
            registrations.supplier_mpid = unqualified_spells.mpid
            and registrations.market_segment = unqualified_spells.market_segment
            and {{ covers('unqualified_spells', 'registrations.valid_from') }}
    where
        registrations.registration_type = 'SWITCH'
        and registrations.registration_status in ('ACTIVE', 'PENDING')
        and registrations.valid_from >= m14.milestone_date

)

select * from final
