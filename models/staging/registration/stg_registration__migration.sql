with

source as (

    select * from {{ source('raw', 'migration') }}

),

final as (

    select
        mpan,
        direction,
        effective_from as migrated_on,
        scenario,
        supplier_mpid,
        load_id
    from source

)

select * from final
