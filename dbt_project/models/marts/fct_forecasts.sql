-- The live forecast of each panel's champion: the newest run that used the promoted model, at its newest cutoff.
with champions as (
    select * from {{ ref('warehouse_forecaster', 'forecast_champions') }}
    where is_current and segment = 'all'
),

champion_runs as (
    select
        runs.panel_name,
        runs.run_id,
        runs.finished_at
    from {{ ref('warehouse_forecaster', 'runs') }} as runs
    inner join champions
        on runs.panel_name = champions.panel_name and coalesce(runs.model_run_id, runs.run_id) = champions.run_id
    where runs.status = 'complete' and runs.kind in ('train', 'predict')
    qualify row_number() over (partition by runs.panel_name order by runs.finished_at desc, runs.run_id desc) = 1
),

bottom_forecasts as (
    select
        predictions.*,
        champion_runs.finished_at as made_at
    from {{ ref('warehouse_forecaster', 'predictions') }} as predictions
    inner join champion_runs on predictions.run_id = champion_runs.run_id
    where predictions.level = 'bottom'
),

live_forecasts as (
    select * from bottom_forecasts
    qualify cutoff = max(cutoff) over (partition by run_id)
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
