with

qualification_spells as (

    select * from {{ ref('int_qualification_spell') }}

),

final as (

    {{ spells_where('qualification_spells', ['mpid', 'market_role']) }}

)

select * from final
