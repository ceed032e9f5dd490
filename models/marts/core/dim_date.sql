with

bank_holidays as (

    select * from {{ ref('bank_holiday') }}

),

days as (

    select cast(day as date) as date_day
    from generate_series(timestamp '2024-01-01', timestamp '2027-12-31', interval 1 day) as series (day)

),

holidays as (

    select
        date as date_day,
        bool_or(division = 'england-and-wales') as is_holiday_england_wales,
        bool_or(division = 'scotland') as is_holiday_scotland,
        string_agg(distinct title, '; ' order by title) as bank_holiday
    from bank_holidays
    group by date

),

final as (

    select
        days.date_day,
        isodow(days.date_day) < 6 and not coalesce(holidays.is_holiday_england_wales, false)
            as is_working_day_england_wales,
        isodow(days.date_day) < 6 and not coalesce(holidays.is_holiday_scotland, false) as is_working_day_scotland,
        holidays.bank_holiday
    from days
    left join holidays
        on days.date_day = holidays.date_day

)

select * from final
