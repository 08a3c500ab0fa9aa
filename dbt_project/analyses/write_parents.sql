-- Sums one run's forecasts up the hierarchy: run by the forecaster, with the run's id as the parameter $run_id, in the transaction
-- that writes the run. Means add up, bounds do not: a sum has no interval. A level that is there already stays as it is: the forecaster
-- gives those of `hierarchy` their means and, from joint draws, their bounds.
{%- set columns = [
    'run_id', 'panel_name', 'model_name', 'level', 'unique_id', 'cutoff', 'ds', 'horizon_step', 'yhat', 'yhat_lower', 'yhat_upper',
    'confidence_level', 'forecast_status',
] %}

insert into {{ ref('warehouse_forecaster', 'predictions') }} ({{ columns | join(', ') }})
with run_forecasts as (
    select * from {{ ref('warehouse_forecaster', 'predictions') }}
    where run_id = $run_id
),

bottom_forecasts as (
    select * from run_forecasts
    where level = 'bottom'
),

levels_to_sum as (
    select
        hierarchy.panel_name,
        hierarchy.level,
        hierarchy.node_id,
        hierarchy.unique_id
    from {{ ref('warehouse_forecaster', 'hierarchy') }} as hierarchy
    where
        hierarchy.level <> 'bottom'
        and not exists (
            select 1 from run_forecasts
            where run_forecasts.panel_name = hierarchy.panel_name and run_forecasts.level = hierarchy.level
        )
),

final as (
    select
        bottom_forecasts.run_id,
        bottom_forecasts.panel_name,
        bottom_forecasts.model_name,
        levels_to_sum.level,
        levels_to_sum.node_id as unique_id,
        bottom_forecasts.cutoff,
        bottom_forecasts.ds,
        bottom_forecasts.horizon_step,
        sum(bottom_forecasts.yhat) as yhat,
        cast(null as double) as yhat_lower,
        cast(null as double) as yhat_upper,
        cast(null as double) as confidence_level,
        'ok' as forecast_status
    from bottom_forecasts
    inner join levels_to_sum
        on bottom_forecasts.panel_name = levels_to_sum.panel_name and bottom_forecasts.unique_id = levels_to_sum.unique_id
    group by
        bottom_forecasts.run_id, bottom_forecasts.panel_name, bottom_forecasts.model_name, levels_to_sum.level,
        levels_to_sum.node_id, bottom_forecasts.cutoff, bottom_forecasts.ds, bottom_forecasts.horizon_step
)

select {{ columns | join(', ') }} from final
