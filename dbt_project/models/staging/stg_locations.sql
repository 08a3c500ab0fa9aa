{% set input = warehouse_forecaster.read_input('locations') %}

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
        warehouse_id,
        -- texts
        region,
        time_zone,
        -- numerics
        capacity_units,
        capacity_volume,
        -- what could not be read
        cast_error
    from typed
)

select * from final
