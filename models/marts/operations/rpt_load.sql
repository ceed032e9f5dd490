with

loads as (

    select * from {{ source('raw', 'load') }}

),

final as (

    select
        cast(load_id as integer) as load_id,
        file,
        extract,
        kind,
        business_date,
        cast(sequence as integer) as sequence,
        sha256,
        outcome,
        error,
        lines,
        accepted,
        quarantined,
        repeated,
        noted,
        ignored,
        unknown_columns
    from loads

)

select * from final
