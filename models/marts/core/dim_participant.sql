with

participants as (

    select * from {{ ref('int_participant') }}

),

party_spells as (

    select * from {{ ref('int_party_qualification_spell') }}

),

qualification_spells as (

    select * from {{ ref('int_qualification_spell') }}

),

reasons as (

    select * from {{ ref('int_party_reason') }}

),

party_stages as (

    select * from {{ ref('int_party_stage') }}

),

metering_points as (

    select * from {{ ref('dim_metering_point') }}
    where is_live

),

qualified_segments as (

    select
        mpid,
        market_role,
        string_agg(market_segment, '' order by position(market_segment in 'SAU')) as qualified_segments
    from qualification_spells
    where {{ covers('qualification_spells', as_of()) }}
    group by mpid, market_role

),

market as (

    select
        count(*) as points,
        sum(annual_kwh) as kwh
    from metering_points

),

supplied as (

    select
        supplier_mpid as mpid,
        'SUP' as market_role,
        count(*) as points,
        sum(annual_kwh) as kwh
    from metering_points
    group by supplier_mpid

),

-- The band follows energy; a Supplier of whose points no energy is known is banded by its share of points.
shares as (

    select
        supplied.*,
        supplied.points / market.points as points_share,
        coalesce(cast(supplied.kwh as double) / nullif(cast(market.kwh as double), 0), supplied.points / market.points)
            as band_share
    from supplied
    cross join market

),

final as (

    select
        participants.mpid,
        participants.market_role,
        participants.participant_name,
        participants.company_number,
        participants.dip_id,
        participants.distributor_id,
        participants.valid_from as in_force_from,
        participants.valid_to as in_force_to,
        participants.is_in_force,
        party_spells.mpid is not null as is_qualified,
        qualified_segments.qualified_segments,
        party_spells.valid_from as qualified_from,
        reasons.reason_code as not_qualified_reason,
        reasons.missing_approvals,
        party_stages.tranche,
        party_stages.current_stage,
        party_stages.next_stage,
        coalesce(shares.points, 0) as live_metering_points,
        coalesce(shares.points_share, 0) as metering_points_share,
        case
            when participants.market_role <> 'SUP' then null
            when shares.band_share > 0.02 then 'large'
            when shares.band_share > 0.005 then 'medium'
            else 'small'
        end as size_band
    from participants
    left join party_spells
        on
            participants.mpid = party_spells.mpid
            and participants.market_role = party_spells.market_role
            and {{ covers('party_spells', as_of()) }}
    left join qualified_segments
        on
            participants.mpid = qualified_segments.mpid
            and participants.market_role = qualified_segments.market_role
    left join reasons
        on
            participants.mpid = reasons.mpid
            and participants.market_role = reasons.market_role
    left join party_stages
        on
            participants.mpid = party_stages.mpid
            and participants.market_role = party_stages.market_role
    left join shares
        on
            participants.mpid = shares.mpid
            and participants.market_role = shares.market_role

)

select * from final
