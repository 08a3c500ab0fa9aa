{#- Forecasts of a node are those of its series, summed: of the newest complete run of each panel and model, every node, cutoff and
    period. Sums of doubles differ in their last digits with their order. -#}
with newest_runs as (
    select max_by(run_id, finished_at) as run_id
    from {{ ref('warehouse_forecaster', 'runs') }}
    where status = 'complete'
    group by panel_name, model_name, kind
),

forecasts as (
    select predictions.*
    from {{ ref('warehouse_forecaster', 'predictions') }} as predictions
    semi join newest_runs on predictions.run_id = newest_runs.run_id
),

sums as (
    select
        forecasts.run_id,
        hierarchy.level,
        hierarchy.node_id as unique_id,
        forecasts.cutoff,
        forecasts.ds,
        sum(forecasts.yhat) as sum_of_children,
        sum(abs(forecasts.yhat)) as size
    from forecasts
    inner join {{ ref('warehouse_forecaster', 'hierarchy') }} as hierarchy
        on
            forecasts.panel_name = hierarchy.panel_name
            and forecasts.unique_id = hierarchy.unique_id
            and hierarchy.level <> 'bottom'
    where forecasts.level = 'bottom'
    group by forecasts.run_id, hierarchy.level, hierarchy.node_id, forecasts.cutoff, forecasts.ds
)

select
    parents.run_id,
    parents.level,
    parents.unique_id,
    parents.cutoff,
    parents.ds,
    parents.yhat,
    sums.sum_of_children
from forecasts as parents
inner join sums
    on
        parents.run_id = sums.run_id
        and parents.level = sums.level
        and parents.unique_id = sums.unique_id
        and parents.cutoff = sums.cutoff
        and parents.ds = sums.ds
where abs(parents.yhat - sums.sum_of_children) > 1e-6 * (1 + sums.size)
