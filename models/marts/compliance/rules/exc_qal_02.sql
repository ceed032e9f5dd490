{# A stage was planned before the as-of day and is not complete on it, and the party is not Qualified on it. #}
with

stages as (

    select * from {{ ref('int_stage') }}

),

unqualified_spells as (

    select * from {{ ref('int_party_unqualified_spell') }}

),

final as (

    select
        'QAL-02' as rule_id,
        stages.mpid || '|' || stages.market_role || '|' || stages.stage as subject_key,
        stages.mpid,
        stages.market_role,
        'OPEN' as status,
        stages.planned_on + 1 as occurred_on,
        'has not completed stage ' || stages.stage || ' as ' || stages.market_role || ', planned for '
        || {{ day_in_words('stages.planned_on') }} as what_happened,
        stages.load_id
    from stages
    inner join unqualified_spells
        on
            stages.mpid = unqualified_spells.mpid
            and stages.market_role = unqualified_spells.market_role
            and {{ covers('unqualified_spells', as_of()) }}
    where stages.is_overdue

)

select * from final
