-- The live forecast of each panel's champion: at the newest cutoff from which the promoted model forecast, the newest run.
with champions as (
    select * from {{ ref('warehouse_forecaster', 'forecast_champions') }}
    where is_current and segment = 'all'
),

champion_runs as (
    select
        runs.run_id,
        runs.finished_at
    from {{ ref('warehouse_forecaster', 'runs') }} as runs
    inner join champions
        on runs.panel_name = champions.panel_name and coalesce(runs.model_run_id, runs.run_id) = champions.run_id
    where runs.status = 'complete' and runs.kind in ('train', 'predict')
),

bottom_forecasts as (
    select
        predictions.*,
        champion_runs.finished_at as made_at
    from {{ ref('warehouse_forecaster', 'predictions') }} as predictions
    inner join champion_runs on predictions.run_id = champion_runs.run_id
    where predictions.level = 'bottom'
),

-- a forecast made later from an older cutoff is no news
live_runs as (
    select
        panel_name,
        run_id,
        cutoff
    from bottom_forecasts
    qualify row_number() over (partition by panel_name order by cutoff desc, made_at desc, run_id desc) = 1
),

live_forecasts as (
    select bottom_forecasts.*
    from bottom_forecasts
    semi join live_runs on bottom_forecasts.run_id = live_runs.run_id and bottom_forecasts.cutoff = live_runs.cutoff
),

life_cycles as (
    select
        panel_name,
        unique_id,
        cutoff,
        life_cycle,
        segment
    from {{ ref('warehouse_forecaster', 'segments') }}
),

final as (
    select
        -- ids
        live_forecasts.panel_name,
        live_forecasts.unique_id,
        series.item_id,
        series.location_id,
        series.customer_id,
        series.category,
        life_cycles.life_cycle,
        life_cycles.segment,
        -- when
        live_forecasts.cutoff,
        live_forecasts.ds,
        live_forecasts.horizon_step,
        -- how much
        live_forecasts.yhat,
        live_forecasts.yhat_lower,
        live_forecasts.yhat_upper,
        live_forecasts.confidence_level,
        -- by what
        live_forecasts.forecast_status,
        live_forecasts.model_name,
        live_forecasts.run_id,
        live_forecasts.made_at
    from live_forecasts
    left join {{ ref('warehouse_forecaster', 'series') }} as series
        on live_forecasts.panel_name = series.panel_name and live_forecasts.unique_id = series.unique_id
    left join life_cycles
        on
            live_forecasts.panel_name = life_cycles.panel_name
            and live_forecasts.unique_id = life_cycles.unique_id
            and live_forecasts.cutoff = life_cycles.cutoff
)

select * from final
