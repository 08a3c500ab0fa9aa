-- Every forecast of a series ever made by a complete run, beside what happened.
with complete_runs as (
    select
        runs.*,
        champions.run_id is not null as is_champion
    from {{ ref('warehouse_forecaster', 'runs') }} as runs
    left join {{ ref('warehouse_forecaster', 'forecast_champions') }} as champions
        on
            runs.panel_name = champions.panel_name
            and coalesce(runs.model_run_id, runs.run_id) = champions.run_id
            and champions.is_current
            and champions.segment = 'all'
    where runs.status = 'complete'
),

forecasts as (
    select
        predictions.*,
        complete_runs.kind,
        complete_runs.is_champion,
        complete_runs.finished_at as made_at
    from {{ ref('warehouse_forecaster', 'predictions') }} as predictions
    inner join complete_runs on predictions.run_id = complete_runs.run_id
    where predictions.level = 'bottom'
),

final as (
    select
        -- ids
        forecasts.run_id,
        forecasts.panel_name,
        forecasts.unique_id,
        demand.item_id,
        demand.location_id,
        demand.customer_id,
        series.category,
        -- by what
        forecasts.model_name,
        forecasts.kind,
        forecasts.is_champion,
        forecasts.made_at,
        -- when
        forecasts.cutoff,
        forecasts.ds,
        forecasts.horizon_step,
        -- how much
        forecasts.yhat,
        forecasts.yhat_lower,
        forecasts.yhat_upper,
        forecasts.forecast_status,
        demand.demand as y,
        demand.demand_latest as y_latest,
        {{ warehouse_forecaster.signed_error('demand.demand', 'forecasts.yhat') }} as error,
        {{ warehouse_forecaster.absolute_error('demand.demand', 'forecasts.yhat') }} as absolute_error,
        {{ warehouse_forecaster.is_covered('demand.demand', 'forecasts.yhat_lower', 'forecasts.yhat_upper') }} = 1 as is_within_interval,
        demand.is_stocked_out,
        forecasts.yhat is not null
        and not coalesce(demand.is_stocked_out, false)
        and coalesce(series.first_ds <= forecasts.cutoff, false) as is_scored
    from forecasts
    inner join {{ ref('warehouse_forecaster', 'fct_demand') }} as demand
        on
            forecasts.panel_name = demand.panel_name
            and forecasts.unique_id = demand.unique_id
            and forecasts.ds = demand.ds
    left join {{ ref('warehouse_forecaster', 'series') }} as series
        on forecasts.panel_name = series.panel_name and forecasts.unique_id = series.unique_id
)

select * from final
