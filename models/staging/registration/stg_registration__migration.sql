with

source as (

    select * from {{ source('raw', 'migration') }}

),

final as (

    select
        mpan,
        {{ label_text('direction') }} as direction,
        effective_from,
        {{ label_text('scenario') }} as scenario,
        supplier_mpid,
        load_id
    from source

)

select * from final
