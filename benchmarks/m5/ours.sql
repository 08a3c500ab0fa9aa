-- Our own forecasts in the peers' shape, from the newest complete backtest of each model on panel `item_store`: series, and the nodes
-- of levels 1 to 9, whose quantiles come from sample paths. Means of nodes are left to the scorer, which sums the series.
create or replace temp table levels as
from (
    values
    (1, 'total'), (2, 'region'), (3, 'location_id'), (4, 'category'), (5, 'subcategory'), (6, 'region/category'),
    (7, 'region/subcategory'), (8, 'location_id/category'), (9, 'location_id/subcategory'), (12, 'bottom')
) as named (level_number, level);

create or replace temp table newest as
select
    run_id,
    model_name,
    seconds,
    peak_memory_mb
from m5_forecasts.runs
where kind = 'backtest' and status = 'complete' and panel_name = 'item_store'
qualify row_number() over (partition by model_name order by finished_at desc) = 1;

create or replace temp view ours as
with wide as (
    select
        run_id,
        level,
        unique_id,
        cutoff,
        ds,
        {columns}
    from m5_forecasts.quantiles
    where run_id = getvariable('run_id') and cutoff = getvariable('cutoff')
    group by all
)

select
    levels.level_number as level,
    case when levels.level_number = 1 then '' else predictions.unique_id end as node_id,
    predictions.ds,
    predictions.yhat,
    wide.* exclude (run_id, level, unique_id, cutoff, ds)
from m5_forecasts.predictions
inner join levels using (level)
left join wide using (run_id, level, unique_id, cutoff, ds)
where predictions.run_id = getvariable('run_id') and predictions.cutoff = getvariable('cutoff');
