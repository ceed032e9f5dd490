{# A FORWARD migration on a day on which the holder, or with no holder the event's Supplier, is not Qualified. #}
with

events as (

    select * from {{ ref('int_migration_event') }}

),

final as (

    select
        'SUP-02' as rule_id,
        {{ mpan_text('mpan') }} as subject_key,
        mpan,
        responsible_mpid as mpid,
        'SUP' as market_role,
        {{ point_attributes() }},
        market_segment as reason_segment,
        migrated_on as reason_on,
        'RECORDED' as status,
        migrated_on as occurred_on,
        holder_registration_id as registration_id,
        case
            when holder_mpid is not null
                then 'held this Metering Point when it was migrated on ' || {{ day_in_words('migrated_on') }}
            else 'asked for the migration of ' || {{ day_in_words('migrated_on') }} || ', when nobody held this point'
        end as what_happened,
        load_id
    from events
    where
        direction = 'FORWARD'
        and not is_qualified

)

select * from final
