with

registrations as (

    select * from {{ ref('fct_holding') }}

),

-- Where every registration ends as the next one starts, there is neither overlap nor gap.
disordered as (

    select distinct mpan from registrations
    where registered_to <> next_from

),

final as (

    select
        registrations.registration_id,
        registrations.mpan,
        registrations.valid_from,
        {{ point_attributes('registrations') }},
        lag(registrations.registration_id) over holding_order as previous_registration_id,
        lag(registrations.registered_to) over holding_order as previous_registered_to,
        max(registrations.registered_to) over (holding_order rows between unbounded preceding and 1 preceding)
            as covered_until,
        registrations.load_id
    from registrations
    semi join disordered
        on registrations.mpan = disordered.mpan
    window holding_order as (
        partition by registrations.mpan order by registrations.valid_from, registrations.registration_id
    )

)

select * from final
