-- Levels 1 to 9 under the names and ids that the package gives the levels of panel item_store.
with

final as (
    select
        case level
            when 1 then 'total'
            when 2 then 'region'
            when 3 then 'location_id'
            when 4 then 'category'
            when 5 then 'subcategory'
            when 6 then 'region/category'
            when 7 then 'region/subcategory'
            when 8 then 'location_id/category'
            when 9 then 'location_id/subcategory'
        end as level,
        case level
            when 1 then 'total'
            when 2 then state_id
            when 3 then store_id
            when 4 then cat_id
            when 5 then dept_id
            when 6 then state_id || '/' || cat_id
            when 7 then state_id || '/' || dept_id
            when 8 then store_id || '/' || cat_id
            when 9 then store_id || '/' || dept_id
        end as node_id,
        date as ds,
        cast(sales as double) as quantity
    from {{ source('walmart', 'sales_levels_1_to_9_d1_d1913') }}
)

select * from final
