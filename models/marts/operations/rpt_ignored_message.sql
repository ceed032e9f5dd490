with

ignored_messages as (

    select * from {{ source('raw', 'ignored_message') }}

),

loads as (

    select * from {{ source('raw', 'load') }}

),

final as (

    select
        cast(ignored_messages.load_id as integer) as load_id,
        loads.file,
        ignored_messages.interface,
        ignored_messages.event_code,
        ignored_messages.messages
    from ignored_messages
    inner join loads
        on ignored_messages.load_id = loads.load_id

)

select * from final
