with

final as (
    select distinct
        item_id,
        dept_id,
        cat_id
    from {{ source('walmart', 'series') }}
)

select * from final
