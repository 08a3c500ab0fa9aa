{% set input = warehouse_forecaster.read_input('market') %}

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
        competitor_id,
        -- texts
        category,
        -- numerics
        competitor_price,
        competitor_sales,
        trend_index,
        -- dates
        ds,
        -- timestamps
        known_at,
        -- what could not be read
        cast_error
    from typed
)

select * from final
