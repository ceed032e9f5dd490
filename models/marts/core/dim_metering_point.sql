with

newest_holdings as (

    select * from {{ ref('fct_holding') }}
    where next_from is null

),

open_spells as (

    select * from {{ ref('fct_regime') }}
    where valid_to = {{ open_end() }}

),

-- Few points have left MHHS again.
ended_spells as (

    select
        mpan,
        min(valid_from) as first_from,
        max(valid_to) as last_to
    from {{ ref('fct_regime') }}
    where valid_to < {{ open_end() }}
    group by mpan

),

migrations as (

    select * from {{ ref('fct_migration') }}
    where effective_from <= {{ as_of() }}

),

reverses as (

    select
        mpan,
        effective_from
    from {{ ref('fct_migration') }}
    where
        direction = 'REVERSE'
        and effective_from <= {{ as_of() }}

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
        min(migrations.effective_from) as first_undone_on
    from migrations
    inner join reverses
        on
            migrations.mpan = reverses.mpan
            and migrations.effective_from = reverses.effective_from
    where migrations.direction = 'FORWARD'
    group by migrations.mpan

),

appointments as (

    select
        *,
        service_role in ('MSS', 'MSA') as is_metering,
        {{ covers('appointments', as_of()) }} as is_serving
    from {{ ref('fct_appointment') }} as appointments
    where
        is_counted
        and service_role in ('MSS', 'MSA', 'SDS', 'ADS', 'UMSDS')

),

services as (

    select
        mpan,
        max(valid_to) filter (where is_metering) as metering_until,
        max(valid_to) filter (where not is_metering) as data_until,
        max(agent_mpid) filter (where is_metering and is_serving) as metering_service_mpid,
        max(agent_mpid) filter (where not is_metering and is_serving) as data_service_mpid,
        count(*) filter (where is_metering and is_serving) > 1
        or count(*) filter (where not is_metering and is_serving) > 1 as has_several_agents
    from appointments
    group by mpan

),

several as (

    select mpan from services
    where has_several_agents

),

rivals as (

    select appointments.*
    from appointments
    semi join several
        on appointments.mpan = several.mpan
    where appointments.is_serving

),

-- Few points have several agents of a kind: ranking the appointments of those alone spares a sort of all.
contested as (

    select
        mpan,
        arg_max(agent_mpid, (valid_from, appointment_id)) filter (where is_metering) as metering_service_mpid,
        arg_max(agent_mpid, (valid_from, appointment_id)) filter (where not is_metering) as data_service_mpid
    from rivals
    group by mpan

),

qualification_spells as (

    select * from {{ ref('int_qualification_spell') }}
    where market_role = 'SUP'

),

final as (

    select
        newest_holdings.mpan,
        newest_holdings.supplier_mpid,
        newest_holdings.registration_id,
        newest_holdings.market_segment,
        newest_holdings.connection_type,
        newest_holdings.gsp_group_id,
        newest_holdings.ldso_mpid,
        left({{ mpan_text('newest_holdings.mpan') }}, 2) as distributor_id,
        newest_holdings.is_domestic,
        newest_holdings.energisation_status,
        newest_holdings.annual_kwh,
        newest_holdings.is_live and {{ as_of() }} < newest_holdings.valid_to as is_live,
        case when open_spells.mpan is null then 'LEGACY' else 'MHHS' end as regime,
        least(ended_spells.first_from, open_spells.valid_from, undone.first_undone_on) as first_migrated_on,
        nullif(coalesce(open_spells.valid_from, ended_spells.last_to), {{ start_of_time() }}) as last_regime_change_on,
        cast(coalesce(reversals.reverse_migrations, 0) as integer) as reverse_migrations,
        coalesce(contested.metering_service_mpid, services.metering_service_mpid) as metering_service_mpid,
        coalesce(contested.data_service_mpid, services.data_service_mpid) as data_service_mpid,
        services.metering_until,
        services.data_until,
        coalesce(services.has_several_agents, false) as has_several_agents,
        qualification_spells.mpid is not null as supplier_is_qualified
    from newest_holdings
    left join open_spells
        on newest_holdings.mpan = open_spells.mpan
    left join ended_spells
        on newest_holdings.mpan = ended_spells.mpan
    left join reversals
        on newest_holdings.mpan = reversals.mpan
    left join undone
        on newest_holdings.mpan = undone.mpan
    left join services
        on newest_holdings.mpan = services.mpan
    left join contested
        on newest_holdings.mpan = contested.mpan
    left join qualification_spells
        on
            newest_holdings.supplier_mpid = qualification_spells.mpid
            and newest_holdings.market_segment = qualification_spells.market_segment
            and {{ covers('qualification_spells', as_of()) }}
    -- Readers find a point in one block.
    order by newest_holdings.mpan

)

select * from final
