{# A Supplier in force on the as-of day is Qualified for no market segment on it. #}
with

suppliers as (

    select * from {{ ref('int_participant') }}
    where
        market_role = 'SUP'
        and is_in_force

),

first_rows as (

    select
        mpid,
        min(valid_from) as first_from
    from {{ ref('stg_qualification__participant') }}
    where market_role = 'SUP'
    group by mpid

),

unqualified_spells as (

    select * from {{ ref('int_party_unqualified_spell') }}
    where market_role = 'SUP'

),

spells as (

    select
        suppliers.mpid,
        suppliers.load_id,
        greatest(unqualified_spells.valid_from, first_rows.first_from) as unqualified_from
    from suppliers
    inner join first_rows
        on suppliers.mpid = first_rows.mpid
    inner join unqualified_spells
        on
            suppliers.mpid = unqualified_spells.mpid
            and {{ covers('unqualified_spells', as_of()) }}

),

final as (

    select
        'QAL-01' as rule_id,
        mpid || '|SUP' as subject_key,
        mpid,
        'SUP' as market_role,
        {{ as_of() }} as reason_on,
        'OPEN' as status,
        unqualified_from as occurred_on,
        'is a Supplier in force and not Qualified since ' || {{ day_in_words('unqualified_from') }} as what_happened,
        load_id
    from spells

)

select * from final
