with

participants as (

    select * from {{ ref('stg_qualification__participant') }}

),

final as (

    {{ spells_where('participants', ['mpid', 'market_role']) }}

)

select * from final
