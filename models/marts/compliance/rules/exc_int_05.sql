{# A migration event or an active appointment of an MPAN that has no active registration. #}
with

orphans as (

    select * from {{ ref('int_orphan') }}

),

findings as (

    select
        'migration|' || {{ mpan_text('mpan') }} as subject_key,
        mpan,
        min(begins_on) as occurred_on,
        cast(null as varchar) as appointment_id,
        arg_min(load_id, (begins_on, is_reverse)) as load_id
    from orphans
    where appointment_id is null
    group by mpan
    union all
    select
        'appointment|' || appointment_id as subject_key,
        mpan,
        begins_on as occurred_on,
        appointment_id,
        load_id
    from orphans
    where appointment_id is not null

),

final as (

    select
        'INT-05' as rule_id,
        subject_key,
        mpan,
        'OPEN' as status,
        occurred_on,
        appointment_id,
        case when appointment_id is null then 'A migration of ' else 'An appointment from ' end
        || {{ day_in_words('occurred_on') }} || ' belongs to an MPAN without an active registration' as what_happened,
        load_id
    from findings

)

select * from final
