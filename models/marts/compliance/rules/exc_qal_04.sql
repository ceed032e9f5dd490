{# Qualified on the as-of day, with no participant row in force on it. #}
with

party_spells as (

    select * from {{ ref('int_party_qualification_spell') }}

),

in_force_spells as (

    select * from {{ ref('int_in_force_spell') }}

),

parties as (

    select distinct
        mpid,
        market_role
    from party_spells

),

known_in_force as (

    select in_force_spells.*
    from in_force_spells
    semi join parties
        on
            in_force_spells.mpid = parties.mpid
            and in_force_spells.market_role = parties.market_role

),

absent_spells as (

    {{ gaps_between('known_in_force', 'parties', ['mpid', 'market_role']) }}

),

spells as (

    select
        party_spells.mpid,
        party_spells.market_role,
        greatest(party_spells.valid_from, absent_spells.valid_from) as absent_from
    from party_spells
    inner join absent_spells
        on
            party_spells.mpid = absent_spells.mpid
            and party_spells.market_role = absent_spells.market_role
    where
        {{ covers('party_spells', as_of()) }}
        and {{ covers('absent_spells', as_of()) }}

),

final as (

    select
        'QAL-04' as rule_id,
        mpid || '|' || market_role as subject_key,
        mpid,
        market_role,
        'OPEN' as status,
        absent_from as occurred_on,
        'is Qualified as ' || market_role || ' and not in standing data for that role since '
        || {{ day_in_words('absent_from') }} as what_happened
    from spells

)

select * from final
