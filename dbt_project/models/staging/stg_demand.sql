{% set input = warehouse_forecaster.read_input('demand') %}

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
        location_id,
        customer_id,
        -- numerics
        quantity,
        revenue,
        -- dates
        ds,
        -- timestamps
        loaded_at,
        -- what could not be read
        cast_error
    from typed
)

select * from final
