with

participants as (

    select * from {{ ref('int_participant') }}

),

qualifications as (

    select * from {{ ref('int_party_qualification') }}

),

reasons as (

    select * from {{ ref('int_party_reason') }}

),

party_stages as (

    select * from {{ ref('int_party_stage') }}

),

supplier_sizes as (

    select * from {{ ref('int_supplier_size') }}

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
        qualifications.mpid is not null as is_qualified,
        qualifications.qualified_segments,
        qualifications.qualified_from,
        reasons.reason_code as not_qualified_reason,
        reasons.missing_approvals,
        party_stages.tranche,
        party_stages.current_stage,
        party_stages.next_stage,
        coalesce(supplier_sizes.live_metering_points, 0) as live_metering_points,
        coalesce(supplier_sizes.metering_points_share, 0) as metering_points_share,
        case when participants.market_role = 'SUP' then coalesce(supplier_sizes.size_band, 'small') end as size_band
    from participants
    left join qualifications
        on
            participants.mpid = qualifications.mpid
            and participants.market_role = qualifications.market_role
    left join reasons
        on
            participants.mpid = reasons.mpid
            and participants.market_role = reasons.market_role
    left join party_stages
        on
            participants.mpid = party_stages.mpid
            and participants.market_role = party_stages.market_role
    left join supplier_sizes
        on
            participants.mpid = supplier_sizes.mpid
            and participants.market_role = 'SUP'

)

select * from final
