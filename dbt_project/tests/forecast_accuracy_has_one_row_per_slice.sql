-- Null means all in the keys of a slice, so `unique_key` cannot say this.
select
    run_id,
    level,
    segment_type,
    segment,
    cutoff,
    horizon_step,
    stockouts,
    actuals,
    count(*) as n_rows
from {{ ref('warehouse_forecaster', 'fct_forecast_accuracy') }}
group by run_id, level, segment_type, segment, cutoff, horizon_step, stockouts, actuals
having count(*) > 1
