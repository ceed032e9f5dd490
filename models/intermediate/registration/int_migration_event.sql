with

events as (

    select * from {{ ref('stg_registration__migration') }}
    where migrated_on <= {{ as_of() }}

),

holdings as (

    select * from {{ ref('int_holding') }}

),

-- The same rows: of what is read twice the engine makes a copy, and one of all holdings is large.
other_holdings as (

    select * from {{ ref('int_holding') }}

),

held as (

    select
        events.mpan,
        events.direction,
        events.migrated_on,
        events.scenario,
        events.supplier_mpid as event_supplier_mpid,
        events.load_id,
        holdings.registration_id as holder_registration_id,
        holdings.supplier_mpid as holder_mpid,
        {{ point_attributes('holdings') }}
    from events
    left join holdings
        on
            events.mpan = holdings.mpan
            and {{ covers('holdings', 'events.migrated_on') }}

),

-- Nobody holds the point on the day: its segment is that of the latest earlier holding, else of the earliest later one.
nearest as (

    select
        held.* exclude ({{ point_attributes() }}),
        {{ point_attributes('other_holdings') }},
        row_number() over (
            partition by held.mpan, held.direction, held.migrated_on
            order by
                other_holdings.valid_from <= held.migrated_on desc,
                abs(other_holdings.valid_from - held.migrated_on) asc
        ) as preference
    from held
    inner join other_holdings
        on held.mpan = other_holdings.mpan
    where held.holder_mpid is null

),

-- An MPAN without any holding drops out here: rule INT-05 reports it and every other rule skips it.
with_segment as (

    select * from held
    where holder_mpid is not null
    union all by name
    select * exclude (preference) from nearest
    where preference = 1

),

qualification_spells as (

    select * from {{ ref('int_qualification_spell') }}
    where market_role = 'SUP'

),

final as (

    select
        with_segment.*,
        coalesce(with_segment.holder_mpid, with_segment.event_supplier_mpid) as responsible_mpid,
        qualification_spells.mpid is not null as is_qualified
    from with_segment
    left join qualification_spells
        on
            coalesce(with_segment.holder_mpid, with_segment.event_supplier_mpid) = qualification_spells.mpid
            and with_segment.market_segment = qualification_spells.market_segment
            and {{ covers('qualification_spells', 'with_segment.migrated_on') }}

)

select * from final
