with

quarantined_rows as (

    select * from {{ source('raw', 'quarantined_row') }}

),

final as (

    select
        cast(load_id as integer) as load_id,
        file,
        line,
        reason,
        column_name,
        row_text
    from quarantined_rows

)

select * from final
