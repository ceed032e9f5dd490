{#
    A DNO in force on M11 was not Qualified on M11; before M11, one that is in force and not Qualified on the as-of day.
#}
with

dnos as (

    select * from {{ ref('int_dno') }}

),

unqualified_spells as (

    select * from {{ ref('int_party_unqualified_spell') }}

),

spells as (

    select
        dnos.mpid,
        dnos.load_id,
        dnos.is_reached,
        case
            when dnos.is_reached then dnos.m11_date
            else greatest(unqualified_spells.valid_from, dnos.first_from)
        end as occurred_on,
        case when unqualified_spells.valid_to <= {{ as_of() }} then unqualified_spells.valid_to end as ended_on
    from dnos
    inner join unqualified_spells
        on
            dnos.mpid = unqualified_spells.mpid
            and unqualified_spells.market_role = 'LDSO'
            and {{ covers('unqualified_spells', 'dnos.decisive_day') }}

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
