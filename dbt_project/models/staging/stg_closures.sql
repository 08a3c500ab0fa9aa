{% set input = warehouse_forecaster.read_input('closures') %}

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
        location_id,
        -- texts
        name,
        region,
        kind,
        -- dates
        ds,
        -- what could not be read
        cast_error
    from typed
)

select * from final
