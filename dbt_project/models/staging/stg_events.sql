{% set input = warehouse_forecaster.read_input('events') %}

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
        event_id,
        session_id,
        item_id,
        location_id,
        customer_id,
        -- texts
        lower(event_type) as event_type,
        -- numerics
        quantity,
        -- timestamps
        occurred_at,
        loaded_at,
        -- what could not be read
        cast_error
    from typed
)

select * from final
