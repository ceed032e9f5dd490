with

appointments as (

    select * from {{ ref('stg_appointment__appointment') }}

),

-- By number, before it is text: readers find a point in few blocks. What is open lies apart: its end takes no bytes.
in_order as (

    select * from appointments
    order by valid_to < {{ open_end() }}, mpan, valid_from

),

final as (

    select
        appointment_id,
        {{ mpan_text('mpan') }} as mpan,
        {{ label_text('service_role') }} as service_role,
        agent_mpid,
        {{ label_text('appointment_status') }} as appointment_status,
        {{ label_text('scenario') }} as scenario,
        valid_from,
        valid_to,
        service_role not in ('MOP', 'DC', 'DA') as is_mhhs_role
    from in_order

)

select * from final
