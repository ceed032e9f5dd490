with

newest_holdings as (

    select * from {{ ref('int_registration_order') }}
    where is_newest

),

regime_spells as (

    select * from {{ ref('int_regime_spell') }}

),

migrations as (

    select * from {{ ref('stg_registration__migration') }}
    where migrated_on <= {{ as_of() }}

),

services as (

    select * from {{ ref('int_service') }}
    where
        metering_service_mpid is not null
        or data_service_mpid is not null

),

qualification_spells as (

    select * from {{ ref('int_qualification_spell') }}
    where market_role = 'SUP'

),

-- The spell that is open has lasted until the as-of day.
present_spells as (

    select
        mpan,
        regime,
        valid_from
    from regime_spells
    where valid_to = {{ open_end() }}

),

-- Few points have left MHHS again.
past_mhhs_spells as (

    select
        mpan,
        min(valid_from) as first_mhhs_on
    from regime_spells
    where
        regime = 'MHHS'
        and valid_to < {{ open_end() }}
    group by mpan

),

reverses as (

    select
        mpan,
        migrated_on
    from migrations
    where direction = 'REVERSE'

),

reversals as (

    select
        mpan,
        count(*) as reverse_migrations
    from reverses
    group by mpan

),

-- A migration that was reversed on its own day makes no spell, and is one all the same. Few have a REVERSE to meet.
undone as (

    select
        migrations.mpan,
        min(migrations.migrated_on) as first_undone_on
    from migrations
    inner join reverses
        on
            migrations.mpan = reverses.mpan
            and migrations.migrated_on = reverses.migrated_on
    where migrations.direction = 'FORWARD'
    group by migrations.mpan

),

joined as (

    select
        newest_holdings.mpan,
        newest_holdings.supplier_mpid,
        newest_holdings.registration_id,
        newest_holdings.market_segment,
        newest_holdings.connection_type,
        newest_holdings.gsp_group_id,
        newest_holdings.ldso_mpid,
        newest_holdings.is_domestic,
        newest_holdings.energisation_status,
        newest_holdings.annual_kwh,
        newest_holdings.is_live and {{ as_of() }} < newest_holdings.valid_to as is_live,
        coalesce(present_spells.regime, 'LEGACY') as regime,
        least(
            past_mhhs_spells.first_mhhs_on,
            case when present_spells.regime = 'MHHS' then present_spells.valid_from end,
            undone.first_undone_on
        ) as first_migrated_on,
        nullif(present_spells.valid_from, {{ start_of_time() }}) as last_regime_change_on,
        cast(coalesce(reversals.reverse_migrations, 0) as integer) as reverse_migrations,
        services.metering_service_mpid,
        services.data_service_mpid,
        qualification_spells.mpid is not null as supplier_is_qualified
    from newest_holdings
    left join present_spells
        on newest_holdings.mpan = present_spells.mpan
    left join past_mhhs_spells
        on newest_holdings.mpan = past_mhhs_spells.mpan
    left join reversals
        on newest_holdings.mpan = reversals.mpan
    left join undone
        on newest_holdings.mpan = undone.mpan
    left join services
        on newest_holdings.mpan = services.mpan
    left join qualification_spells
        on
            newest_holdings.supplier_mpid = qualification_spells.mpid
            and newest_holdings.market_segment = qualification_spells.market_segment
            and {{ covers('qualification_spells', as_of()) }}
    -- By number, before it is text: readers find a point in one block.
    order by newest_holdings.mpan

),

final as (

    select
        {{ mpan_text('mpan') }} as mpan,
        supplier_mpid,
        registration_id,
        {{ label_text('market_segment') }} as market_segment,
        {{ label_text('connection_type') }} as connection_type,
        {{ label_text('gsp_group_id') }} as gsp_group_id,
        ldso_mpid,
        left({{ mpan_text('mpan') }}, 2) as distributor_id,
        is_domestic,
        {{ label_text('energisation_status') }} as energisation_status,
        annual_kwh,
        is_live,
        regime,
        first_migrated_on,
        last_regime_change_on,
        reverse_migrations,
        metering_service_mpid,
        data_service_mpid,
        supplier_is_qualified
    from joined

)

select * from final
