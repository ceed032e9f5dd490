with

milestones as (

    select * from {{ ref('int_milestone') }}

),

baselines as (

    select
        milestone,
        string_agg(baseline || ': ' || cast(date as varchar), '; ' order by known_from) as baselines
    from {{ ref('milestone') }}
    group by milestone

),

final as (

    select
        milestones.milestone,
        milestones.milestone_date,
        milestones.title,
        milestones.baseline,
        milestones.known_from,
        milestones.source,
        baselines.baselines
    from milestones
    inner join baselines
        on milestones.milestone = baselines.milestone

)

select * from final
