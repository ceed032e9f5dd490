with

noted_values as (

    select * from {{ source('raw', 'noted_value') }}

),

final as (

    select
        cast(load_id as integer) as load_id,
        file,
        line,
        column_name,
        reason,
        value
    from noted_values

)

select * from final
