{# Qualified for no segment on the as-of day, and for at least one some, not all, required bodies have granted. #}
with

partial_spells as (

    select * from {{ ref('int_partial_approval_spell') }}

),

unqualified_spells as (

    select * from {{ ref('int_party_unqualified_spell') }}

),

reasons as (

    select * from {{ ref('int_party_reason') }}

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

party_partial_spells as (

    {{ spells_where('partial_spells', ['mpid', 'market_role']) }}

),

spells as (

    select
        party_partial_spells.mpid,
        party_partial_spells.market_role,
        greatest(party_partial_spells.valid_from, unqualified_spells.valid_from) as partial_from
    from party_partial_spells
    inner join unqualified_spells
        on
            party_partial_spells.mpid = unqualified_spells.mpid
            and party_partial_spells.market_role = unqualified_spells.market_role
    where
        {{ covers('party_partial_spells', as_of()) }}
        and {{ covers('unqualified_spells', as_of()) }}

),

final as (

    select
        'QAL-03' as rule_id,
        spells.mpid || '|' || spells.market_role as subject_key,
        spells.mpid,
        spells.market_role,
        'OPEN' as status,
        spells.partial_from as occurred_on,
        'is approved in part as ' || spells.market_role || ' since ' || {{ day_in_words('spells.partial_from') }}
        || '; approval is missing from: ' || reasons.missing_approvals as what_happened,
        decision_files.load_id
    from spells
    inner join reasons
        on
            spells.mpid = reasons.mpid
            and spells.market_role = reasons.market_role
    inner join decision_files
        on
            spells.mpid = decision_files.mpid
            and spells.market_role = decision_files.market_role

)

select * from final
