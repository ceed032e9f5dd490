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

),

qualification_spells as (

    select * from {{ ref('int_qualification_spell') }}
    where market_role = 'SUP'

),

regimes as (

    select
        mpan,
        arg_max(regime, valid_from) as regime,
        min(valid_from) filter (where regime = 'MHHS') as first_mhhs_on,
        max(valid_from) filter (where valid_from > {{ start_of_time() }}) as last_regime_change_on
    from regime_spells
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
        coalesce(regimes.regime, 'LEGACY') as regime,
        least(regimes.first_mhhs_on, undone.first_undone_on) as first_migrated_on,
        regimes.last_regime_change_on,
        cast(coalesce(reversals.reverse_migrations, 0) as integer) as reverse_migrations,
        services.metering_service_mpid,
        services.data_service_mpid,
        qualification_spells.mpid is not null as supplier_is_qualified
    from newest_holdings
    left join regimes
        on newest_holdings.mpan = regimes.mpan
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
