with

source as (

    select * from {{ source('raw', 'stage') }}

),

final as (

    select
        mpid,
        market_role,
        stage,
        tranche,
        test_route,
        planned_on,
        forecast_on,
        completed_on,
        evidence_reference,
        load_id
    from source

)

select * from final
