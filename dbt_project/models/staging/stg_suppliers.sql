{% set input = warehouse_forecaster.read_input('suppliers') %}

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
        supplier_id,
        -- numerics
        lead_time_mean,
        lead_time_sd,
        minimum_order,
        order_cost,
        -- what could not be read
        cast_error
    from typed
)

select * from final
