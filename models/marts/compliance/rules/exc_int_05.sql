{# A migration event or an active appointment of an MPAN that has no active registration. #}
with

migrations as (

    select * from {{ ref('stg_registration__migration') }}
    where migrated_on <= {{ as_of() }}

),

appointments as (

    select * from {{ ref('stg_appointment__appointment') }}
    where
        appointment_status = 'ACTIVE'
        and valid_from <= {{ as_of() }}

),

orphans as (

    select * from {{ ref('int_orphan') }}

),

findings as (

    select
        'migration|' || {{ mpan_text('migrations.mpan') }} as subject_key,
        migrations.mpan,
        min(migrations.migrated_on) as occurred_on,
        cast(null as varchar) as appointment_id,
        arg_min(migrations.load_id, (migrations.migrated_on, migrations.direction)) as load_id
    from migrations
    semi join orphans
        on migrations.mpan = orphans.mpan
    group by migrations.mpan
    union all
    select
        'appointment|' || appointments.appointment_id as subject_key,
        appointments.mpan,
        appointments.valid_from as occurred_on,
        appointments.appointment_id,
        appointments.load_id
    from appointments
    semi join orphans
        on appointments.mpan = orphans.mpan

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
