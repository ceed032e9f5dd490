{# Of the rows of a party and role the one in force on the as-of day, else the last that was, else the first to come. #}
with

participants as (

    select * from {{ ref('stg_qualification__participant') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by mpid, market_role
            order by
                {{ covers('participants', as_of()) }} desc,
                valid_from <= {{ as_of() }} desc,
                least(valid_to, {{ as_of() }}) desc,
                abs(valid_from - {{ as_of() }}) asc
        ) as preference
    from participants

),

final as (

    select
        * exclude (preference),
        valid_from <= {{ as_of() }} and {{ as_of() }} < valid_to as is_in_force
    from ranked
    where preference = 1

)

select * from final
