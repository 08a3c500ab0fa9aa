{% set input = warehouse_forecaster.read_input('aggregates') %}

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
        level,
        node_id,
        -- numerics
        quantity,
        -- dates
        ds,
        -- what could not be read
        cast_error
    from typed
)

select * from final
