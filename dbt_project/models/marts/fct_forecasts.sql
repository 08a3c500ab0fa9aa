-- The live forecast of each panel's champions: at the newest cutoff from which the model promoted for all series forecast, the
-- newest run of the champion of the series' segment, or of all series.
with champions as (
    select * from {{ ref('warehouse_forecaster', 'forecast_champions') }}
    where is_current
),

champion_runs as (
    select
        runs.run_id,
        runs.finished_at,
        champions.segment
    from {{ ref('warehouse_forecaster', 'runs') }} as runs
    inner join champions
        on runs.panel_name = champions.panel_name and coalesce(runs.model_run_id, runs.run_id) = champions.run_id
    where runs.status = 'complete' and runs.kind in ('train', 'predict')
),

-- a forecast made later from an older cutoff is no news
newest_forecasts as (
    select
        predictions.panel_name,
        predictions.run_id,
        predictions.cutoff,
        champion_runs.segment,
        max(champion_runs.finished_at) as made_at
    from {{ ref('warehouse_forecaster', 'predictions') }} as predictions
    inner join champion_runs on predictions.run_id = champion_runs.run_id
    where predictions.level = 'bottom'
    group by predictions.panel_name, predictions.run_id, predictions.cutoff, champion_runs.segment
    qualify
        row_number() over (
            partition by predictions.panel_name, champion_runs.segment, predictions.cutoff
            order by max(champion_runs.finished_at) desc, predictions.run_id desc
        ) = 1
),

live_cutoffs as (
    select
        panel_name,
        max(cutoff) as cutoff
    from newest_forecasts
    where segment = 'all'
    group by panel_name
),

live_runs as (
    select newest_forecasts.*
    from newest_forecasts
    semi join live_cutoffs
        on newest_forecasts.panel_name = live_cutoffs.panel_name and newest_forecasts.cutoff = live_cutoffs.cutoff
),

life_cycles as (
    select
        panel_name,
        unique_id,
        cutoff,
        life_cycle,
        intermittency,
        volume_class,
        segment
    from {{ ref('warehouse_forecaster', 'segments') }}
),

candidates as (
    select
        predictions.*,
        live_runs.made_at,
        life_cycles.life_cycle,
        life_cycles.segment,
        case live_runs.segment
            when life_cycles.life_cycle then 1
            when life_cycles.intermittency then 2
            when life_cycles.volume_class then 3
            when 'all' then 5
        end as priority,
        live_runs.run_id = max(live_runs.run_id) filter (where live_runs.segment = 'all')
            over (partition by predictions.panel_name) as is_of_all
    from {{ ref('warehouse_forecaster', 'predictions') }} as predictions
    inner join live_runs on predictions.run_id = live_runs.run_id and predictions.cutoff = live_runs.cutoff
    left join life_cycles
        on
            predictions.panel_name = life_cycles.panel_name
            and predictions.unique_id = life_cycles.unique_id
            and predictions.cutoff = life_cycles.cutoff
    where predictions.level = 'bottom'
),

-- a segment that the champion of all series serves is no exception
live_forecasts as (
    select *
    from candidates
    where priority is not null and (priority = 5 or not is_of_all)
    qualify row_number() over (partition by panel_name, unique_id, ds order by priority) = 1
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
        live_forecasts.life_cycle,
        live_forecasts.segment,
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
)

select * from final
