{# Qualified on the as-of day, with no participant row in force on it. #}
with

party_spells as (

    select * from {{ ref('int_party_qualification_spell') }}

),

in_force_spells as (

    select * from {{ ref('int_in_force_spell') }}

),

-- The newest of the files that brought its decisions is the evidence.
decision_files as (

    select
        mpid,
        market_role,
        max(load_id) as load_id
    from {{ ref('stg_qualification__approval') }}
    where valid_from <= {{ as_of() }}
    group by mpid, market_role

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
        spells.mpid || '|' || spells.market_role as subject_key,
        spells.mpid,
        spells.market_role,
        'OPEN' as status,
        spells.absent_from as occurred_on,
        'is Qualified as ' || spells.market_role || ' and not in standing data for that role since '
        || {{ day_in_words('spells.absent_from') }} as what_happened,
        decision_files.load_id
    from spells
    inner join decision_files
        on
            spells.mpid = decision_files.mpid
            and spells.market_role = decision_files.market_role

)

select * from final
