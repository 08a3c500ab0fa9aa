{% set input = warehouse_forecaster.read_input('metric_scales') %}

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
        panel_name,
        level,
        node_id,
        -- numerics
        scale,
        -- what could not be read
        cast_error
    from typed
)

select * from final
