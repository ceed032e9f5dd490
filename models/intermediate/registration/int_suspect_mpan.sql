{# MPANs of any registration that starts by the as-of day, with a wrong check digit or an unknown distributor. #}
with

registrations as (

    select * from {{ ref('stg_registration__registration') }}
    where valid_from <= {{ as_of() }}

),

distributors as (

    select cast(distributor_id as integer) as distributor_number from {{ ref('distributor') }}

),

holdings as (

    select * from {{ ref('fct_holding') }}

),

judged as (

    select
        mpan,
        valid_from,
        registration_id,
        load_id,
        {{ mpan_check_digit('mpan') }} = mpan % 10 as is_check_digit_right,
        mpan // 100000000000 in (select distributors.distributor_number from distributors) as is_distributor_known
    from registrations

),

suspects as (

    select
        mpan,
        bool_and(is_check_digit_right) as is_check_digit_right,
        bool_and(is_distributor_known) as is_distributor_known,
        min(valid_from) as first_from,
        arg_min(load_id, (valid_from, registration_id)) as load_id
    from judged
    where not is_check_digit_right or not is_distributor_known
    group by mpan

),

final as (

    select
        suspects.*,
        holdings.registration_id,
        {{ point_attributes('holdings') }}
    from suspects
    left join holdings
        on
            suspects.mpan = holdings.mpan
            and {{ covers('holdings', as_of()) }}

)

select * from final
