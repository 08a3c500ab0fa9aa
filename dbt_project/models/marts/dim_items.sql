-- Every item that is known or was sold; numbers that were missing or impossible are filled in and flagged.
with items as (
    select * from {{ ref('warehouse_forecaster', 'int_item_attributes') }}
),

final as (
    select
        -- ids
        item_id,
        supplier_id,
        -- texts
        description,
        category,
        subcategory,
        brand,
        -- numerics
        cast(list_price as double) as list_price,
        cast(unit_cost as double) as unit_cost,
        cast(volume as double) as volume,
        cast(weight as double) as weight,
        cast(pack_size as double) as pack_size,
        cast(lead_time as double) as lead_time,
        -- dates
        launched_on,
        discontinued_on,
        -- booleans
        is_list_price_imputed,
        is_unit_cost_imputed,
        is_volume_imputed,
        is_weight_imputed,
        is_pack_size_imputed,
        is_lead_time_imputed,
        is_launched_on_imputed
    from items
)

select * from final
