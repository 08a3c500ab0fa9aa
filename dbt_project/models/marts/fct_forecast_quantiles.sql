-- The distribution behind `fct_forecasts`, of each period and of the sum up to it.
with live_runs as (
    select distinct
        run_id,
        cutoff,
        unique_id
    from {{ ref('warehouse_forecaster', 'fct_forecasts') }}
),

final as (
    select
        quantiles.panel_name,
        quantiles.unique_id,
        series.item_id,
        series.location_id,
        series.customer_id,
        quantiles.cutoff,
        quantiles.ds,
        quantiles.horizon_step,
        quantiles.quantile,
        quantiles.value,
        cumulative.value as cumulative_value,
        quantiles.model_name,
        quantiles.run_id
    from {{ ref('warehouse_forecaster', 'quantiles') }} as quantiles
    semi join live_runs
        on
            quantiles.run_id = live_runs.run_id
            and quantiles.cutoff = live_runs.cutoff
            and quantiles.unique_id = live_runs.unique_id
    left join {{ ref('warehouse_forecaster', 'cumulative_quantiles') }} as cumulative
        on
            quantiles.run_id = cumulative.run_id
            and quantiles.level = cumulative.level
            and quantiles.unique_id = cumulative.unique_id
            and quantiles.cutoff = cumulative.cutoff
            and quantiles.ds = cumulative.ds
            and quantiles.quantile = cumulative.quantile
    left join {{ ref('warehouse_forecaster', 'series') }} as series
        on quantiles.panel_name = series.panel_name and quantiles.unique_id = series.unique_id
    where quantiles.level = 'bottom'
)

select * from final
