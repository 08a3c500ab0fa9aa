{% set input = warehouse_forecaster.read_input('customers') %}

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
        customer_id,
        -- texts
        gender,
        region,
        -- numerics
        birth_year,
        age,
        -- dates
        joined_on,
        -- what could not be read
        cast_error
    from typed
)

select * from final
