{% set input = warehouse_forecaster.read_input('sales') %}

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
        order_id,
        line_number,
        item_id,
        location_id,
        customer_id,
        returned_order_id,
        -- numerics
        quantity,
        unit_price,
        discount,
        -- texts
        upper(currency) as currency,
        -- flags
        is_cancelled,
        -- timestamps
        ordered_at,
        cancelled_at,
        loaded_at,
        -- what could not be read
        cast_error
    from typed
)

select * from final
