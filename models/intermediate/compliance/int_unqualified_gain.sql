{# Registrations on or after M14, active or pending, of a Supplier not Qualified for their segment that day. #}
with

registrations as (

    select * from {{ ref('stg_registration__registration') }}

),

holdings as (

    select * from {{ ref('fct_holding') }}

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
        registrations.registration_id,
        registrations.mpan,
        registrations.supplier_mpid,
        registrations.registration_type,
        registrations.registration_status,
        {{ point_attributes('registrations') }},
        registrations.valid_from as gained_on,
        coalesce({{ settlement_date('registrations.requested_at') }} < m14.milestone_date, false) as is_in_flight,
        -- A pending or future one takes part in no holding order: it can still be stopped.
        case
            when holdings.registration_id is null then {{ open_end() }}
            else least(holdings.valid_to, unqualified_spells.valid_to)
        end as effect_until,
        registrations.load_id
    from registrations
    cross join m14
    inner join unqualified_spells
        on
            registrations.supplier_mpid = unqualified_spells.mpid
            and registrations.market_segment = unqualified_spells.market_segment
            and {{ covers('unqualified_spells', 'registrations.valid_from') }}
    left join holdings
        on registrations.registration_id = holdings.registration_id
    where
        registrations.registration_status in ('ACTIVE', 'PENDING')
        and registrations.valid_from >= m14.milestone_date

)

select * from final
