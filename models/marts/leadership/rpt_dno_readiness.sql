with

dnos as (

    select * from {{ ref('int_dno') }}

),

known_parties as (

    select * from {{ ref('dim_participant') }}
    where market_role = 'LDSO'

),

qualification_spells as (

    select * from {{ ref('int_party_qualification_spell') }}
    where market_role = 'LDSO'

),

metering_points as (

    select * from {{ ref('dim_metering_point') }}
    where is_live

),

distributors as (

    select * from {{ ref('distributor') }}

),

areas as (

    select
        distributor_id,
        count(*) as points_in_area
    from metering_points
    group by distributor_id

),

first_qualified as (

    select
        mpid,
        min(valid_from) as first_qualified_on
    from qualification_spells
    group by mpid

),

final as (

    select
        dnos.mpid,
        known_parties.participant_name,
        dnos.distributor_id,
        distributors.gsp_group_id,
        known_parties.is_in_force,
        dnos.m11_date,
        qualification_spells.mpid is not null as was_qualified_on_m11,
        known_parties.is_qualified,
        known_parties.qualified_from,
        first_qualified.first_qualified_on,
        known_parties.not_qualified_reason as reason,
        known_parties.missing_approvals,
        coalesce(areas.points_in_area, 0) as points_in_area
    from dnos
    inner join known_parties
        on dnos.mpid = known_parties.mpid
    left join distributors
        on dnos.distributor_id = distributors.distributor_id
    left join qualification_spells
        on
            dnos.mpid = qualification_spells.mpid
            and {{ covers('qualification_spells', 'dnos.m11_date') }}
    left join first_qualified
        on dnos.mpid = first_qualified.mpid
    left join areas
        on dnos.distributor_id = areas.distributor_id

)

select * from final
