{# Who holds a Metering Point on the as-of day, live or not, or serves one by an appointment that rules count. #}
with

holdings as (

    select * from {{ ref('fct_holding') }}

),

appointments as (

    select * from {{ ref('fct_appointment') }}
    where is_counted

),

final as (

    select
        supplier_mpid as mpid,
        'SUP' as market_role,
        count(*) as times_active
    from holdings
    where {{ covers('holdings', as_of()) }}
    group by supplier_mpid
    union all
    select
        agent_mpid as mpid,
        service_role as market_role,
        count(*) as times_active
    from appointments
    where {{ covers('appointments', as_of()) }}
    group by agent_mpid, service_role

)

select * from final
