with

appointments as (

    select
        *,
        service_role in ('MSS', 'MSA') as is_metering,
        {{ covers('appointments', as_of()) }} as is_serving
    from {{ ref('int_appointment') }} as appointments
    where service_role in ('MSS', 'MSA', 'SDS', 'ADS', 'UMSDS')

),

services as (

    select
        mpan,
        max(valid_to) filter (where is_metering) as metering_until,
        max(valid_to) filter (where not is_metering) as data_until,
        max(agent_mpid) filter (where is_metering and is_serving) as metering_service_mpid,
        max(agent_mpid) filter (where not is_metering and is_serving) as data_service_mpid,
        count(*) filter (where is_metering and is_serving) as metering_services,
        count(*) filter (where not is_metering and is_serving) as data_services
    from appointments
    group by mpan

),

several as (

    select mpan from services
    where metering_services > 1 or data_services > 1

),

rivals as (

    select appointments.*
    from appointments
    semi join several
        on appointments.mpan = several.mpan
    where appointments.is_serving

),

-- Few points have several agents of a kind: ranking the appointments of those alone spares a sort of all.
contested as (

    select
        mpan,
        arg_max(agent_mpid, (valid_from, appointment_id)) filter (where is_metering) as metering_service_mpid,
        arg_max(agent_mpid, (valid_from, appointment_id)) filter (where not is_metering) as data_service_mpid
    from rivals
    group by mpan

),

final as (

    select
        services.mpan,
        services.metering_until,
        services.data_until,
        coalesce(contested.metering_service_mpid, services.metering_service_mpid) as metering_service_mpid,
        coalesce(contested.data_service_mpid, services.data_service_mpid) as data_service_mpid,
        services.metering_services > 1 or services.data_services > 1 as has_several
    from services
    left join contested
        on services.mpan = contested.mpan

)

select * from final
