-- Every item that is known or was sold; numbers that were missing or impossible are filled in and flagged.
with items as (
    select * from {{ ref('warehouse_forecaster', 'int_item_attributes') }}
),

-- as the shop writes it: models learn from a tidied text
descriptions as (
    select
        item_id,
        description
    from {{ ref('warehouse_forecaster', 'stg_items') }}
    where item_id is not null
    qualify row_number() over (
        partition by item_id
        order by launched_on nulls last, list_price nulls last, category nulls last, description nulls last, brand nulls last
    ) = 1
),

final as (
    select
        -- ids
        items.item_id,
        coalesce(items.supplier_id, 'unknown') as supplier_id,
        -- texts
        descriptions.description,
        coalesce(items.category, 'unknown') as category,
        coalesce(items.subcategory, 'unknown') as subcategory,
        coalesce(items.brand, 'unknown') as brand,
        -- numerics
        cast(items.list_price as double) as list_price,
        cast(items.unit_cost as double) as unit_cost,
        cast(items.volume as double) as volume,
        cast(items.weight as double) as weight,
        cast(items.pack_size as double) as pack_size,
        cast(items.lead_time as double) as lead_time,
        -- dates
        items.launched_on,
        items.discontinued_on,
        -- booleans
        items.is_list_price_imputed,
        items.is_unit_cost_imputed,
        items.is_volume_imputed,
        items.is_weight_imputed,
        items.is_pack_size_imputed,
        items.is_lead_time_imputed,
        items.is_launched_on_imputed
    from items
    left join descriptions on items.item_id = descriptions.item_id
)

select * from final
