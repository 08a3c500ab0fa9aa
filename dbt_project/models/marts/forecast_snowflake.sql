{{ config(materialized='view') }}

-- `fct_forecasts` under the column names of Snowflake's FORECAST.
with final as (
    select
        panel_name,
        unique_id as series,
        cast(ds as timestamp) as ts,
        yhat as forecast,
        yhat_lower as lower_bound,
        yhat_upper as upper_bound
    from {{ ref('warehouse_forecaster', 'fct_forecasts') }}
)

select * from final
