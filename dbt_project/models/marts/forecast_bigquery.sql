{{ config(materialized='view') }}

-- `fct_forecasts` under the column names of BigQuery's ML.FORECAST and AI.FORECAST.
with final as (
    select
        panel_name,
        unique_id,
        cast(ds as timestamp) as forecast_timestamp,
        yhat as forecast_value,
        cast(null as double) as standard_error,
        confidence_level,
        yhat_lower as prediction_interval_lower_bound,
        yhat_upper as prediction_interval_upper_bound,
        case when forecast_status = 'ok' then '' else forecast_status end as ai_forecast_status
    from {{ ref('warehouse_forecaster', 'fct_forecasts') }}
)

select * from final
