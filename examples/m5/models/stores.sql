with

final as (
    select distinct
        store_id,
        state_id
    from {{ source('walmart', 'series') }}
)

select * from final
