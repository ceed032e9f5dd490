{{ config(materialized='view') }}

with

registrations as (

    select * from {{ ref('int_registration_order') }}

),

final as (

    select * from registrations
    where valid_from < valid_to

)

select * from final
