{{ config(materialized='external', location='output/forecast.parquet') }}

-- What the example leaves: the champion's forecast of every item and store for the 28 days after d_1913.
with

quantiles as (
    select *
    from {{ ref('warehouse_forecaster', 'fct_forecast_quantiles') }}
    where panel_name = 'item_store'
),

wide as (
    select
        unique_id,
        ds
        {%- for percent in [5, 10, 25, 40, 50, 60, 75, 90, 95] %},
        max(value) filter (where round(100 * quantile) = {{ percent }}) as q{{ '%02d' | format(percent) }}
        {%- endfor %}
    from quantiles
    group by unique_id, ds
),

final as (
    select
        forecasts.item_id,
        forecasts.location_id as store_id,
        forecasts.ds as date,
        forecasts.yhat
        {%- for percent in [5, 10, 25, 40, 50, 60, 75, 90, 95] %},
        wide.q{{ '%02d' | format(percent) }}
        {%- endfor %}
    from {{ ref('warehouse_forecaster', 'fct_forecasts') }} as forecasts
    left join wide on forecasts.unique_id = wide.unique_id and forecasts.ds = wide.ds
    where forecasts.panel_name = 'item_store'
    order by forecasts.item_id, forecasts.location_id, forecasts.ds
)

select * from final
