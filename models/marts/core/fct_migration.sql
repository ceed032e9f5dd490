with

migrations as (

    select * from {{ ref('stg_registration__migration') }}

),

counted as (

    select * from {{ ref('int_migration_event') }}

),

-- Of two events on one day REVERSE is the later, as it is in the alphabet.
ordered as (

    select
        *,
        migrated_on - lag(migrated_on) over (partition by mpan order by migrated_on, direction) as days_since_previous
    from migrations

),

joined as (

    select
        ordered.mpan,
        ordered.migrated_on,
        ordered.direction,
        ordered.scenario,
        ordered.supplier_mpid,
        counted.mpan is not null as is_counted,
        counted.holder_mpid,
        counted.holder_registration_id,
        case when counted.holder_mpid is not null then counted.is_qualified end as holder_is_qualified,
        counted.market_segment,
        ordered.days_since_previous
    from ordered
    left join counted
        on
            ordered.mpan = counted.mpan
            and ordered.direction = counted.direction
            and ordered.migrated_on = counted.migrated_on
    -- By number, before it is text: readers find a point in few blocks. First events lie apart, since text of which
    -- no value occurs twice needs no index.
    order by
        ordered.days_since_previous is not null,
        ordered.mpan,
        ordered.migrated_on,
        ordered.direction

),

final as (

    select
        {{ mpan_text('mpan') }} as mpan,
        migrated_on as effective_from,
        {{ label_text('direction') }} as direction,
        {{ label_text('scenario') }} as scenario,
        supplier_mpid,
        is_counted,
        holder_mpid,
        holder_registration_id,
        holder_is_qualified,
        {{ label_text('market_segment') }} as market_segment,
        cast(days_since_previous as integer) as days_since_previous_event
    from joined

)

select * from final
