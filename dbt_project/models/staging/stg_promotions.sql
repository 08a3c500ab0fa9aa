{% set input = warehouse_forecaster.read_input('promotions') %}

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
        promotion_id,
        item_id,
        location_id,
        -- texts
        category,
        kind,
        -- numerics
        discount,
        -- dates
        starts_on,
        ends_on,
        -- timestamps
        known_at,
        -- what could not be read
        cast_error
    from typed
)

select * from final
