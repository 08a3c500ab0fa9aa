{{ config(materialized='external', location='output/forecast.parquet') }}

-- What the example leaves: the champion's forecast of both panels.
with

final as (
    select
        panel_name,
        item_id,
        ds,
        yhat
    from {{ ref('warehouse_forecaster', 'fct_forecasts') }}
    order by panel_name, item_id, ds
)

select * from final
