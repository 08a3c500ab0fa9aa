{% set input = warehouse_forecaster.read_input('items') %}

with source as (
    {{ warehouse_forecaster.input_rows(input) }}
),

typed as (
    select {{ warehouse_forecaster.input_columns(input) }}
    from source
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
        list_price,
        unit_cost,
        volume,
        weight,
        pack_size,
        -- dates
        launched_on,
        discontinued_on,
        -- what could not be read
        cast_error
    from typed
)

select * from final
