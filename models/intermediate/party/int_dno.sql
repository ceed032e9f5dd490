{#
    The day that decides who is a DNO is M11, or the as-of day while M11 lies ahead. Of several rows in force on it the last
    to begin that names a DNO's distributor id speaks: another row beside it must not hide a DNO.
#}
with

participants as (

    select * from {{ ref('stg_qualification__participant') }}
    where market_role = 'LDSO'

),

m11 as (

    select
        milestone_date as m11_date,
        least(milestone_date, {{ as_of() }}) as decisive_day
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

dnos as (

    select
        participants.mpid,
        m11.m11_date,
        m11.decisive_day,
        arg_max(participants.distributor_id, participants.valid_from) as distributor_id,
        arg_max(participants.load_id, participants.valid_from) as load_id
    from participants
    cross join m11
    where
        {{ covers('participants', 'm11.decisive_day') }}
        and participants.distributor_id between '10' and '23'
    group by participants.mpid, m11.m11_date, m11.decisive_day

),

final as (

    select
        dnos.mpid,
        dnos.distributor_id,
        dnos.m11_date,
        dnos.decisive_day,
        dnos.m11_date <= {{ as_of() }} as is_reached,
        first_rows.first_from,
        dnos.load_id
    from dnos
    inner join first_rows
        on dnos.mpid = first_rows.mpid

)

select * from final
