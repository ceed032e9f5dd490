{#
    A DNO in force on M11 was not Qualified on M11; before M11, one that is in force and not Qualified on the as-of day.
    The day that decides is M11, or the as-of day while M11 lies ahead.
#}
with

participants as (

    select * from {{ ref('stg_qualification__participant') }}
    where market_role = 'LDSO'

),

unqualified_spells as (

    select * from {{ ref('int_party_unqualified_spell') }}

),

m11 as (

    select
        milestone_date as m11_date,
        least(milestone_date, {{ as_of() }}) as decisive_day,
        {{ as_of() }} >= milestone_date as is_reached
    from {{ ref('int_milestone') }}
    where milestone = 'M11'

),

first_rows as (

    select
        mpid,
        min(valid_from) as first_from
    from participants
    group by mpid

),

-- Of several rows in force on the day the last to begin that names a distributor says which one it is.
dnos as (

    select
        participants.mpid,
        arg_max(participants.distributor_id, participants.valid_from) as distributor_id,
        arg_max(participants.load_id, participants.valid_from) as load_id
    from participants
    cross join m11
    where {{ covers('participants', 'm11.decisive_day') }}
    group by participants.mpid

),

spells as (

    select
        dnos.mpid,
        dnos.load_id,
        m11.is_reached,
        case
            when m11.is_reached then m11.m11_date
            else greatest(unqualified_spells.valid_from, first_rows.first_from)
        end as occurred_on,
        case when unqualified_spells.valid_to <= {{ as_of() }} then unqualified_spells.valid_to end as ended_on
    from dnos
    cross join m11
    inner join first_rows
        on dnos.mpid = first_rows.mpid
    inner join unqualified_spells
        on
            dnos.mpid = unqualified_spells.mpid
            and unqualified_spells.market_role = 'LDSO'
            and {{ covers('unqualified_spells', 'm11.decisive_day') }}
    where dnos.distributor_id between '10' and '23'

),

final as (

    select
        'DNO-01' as rule_id,
        mpid || '|LDSO' as subject_key,
        mpid,
        'LDSO' as market_role,
        coalesce(ended_on - 1, {{ as_of() }}) as reason_on,
        case when ended_on is null then 'OPEN' else 'CLOSED' end as status,
        occurred_on,
        ended_on,
        case
            when is_reached then 'was not Qualified when migration began on '
            else 'is not Qualified ahead of migration since '
        end || {{ day_in_words('occurred_on') }} as what_happened,
        load_id
    from spells

)

select * from final
