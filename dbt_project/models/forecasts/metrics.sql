-- Selects nothing: dbt makes the table and keeps its contract, the forecaster alone writes its rows.
select
    cast(null as varchar) as run_id,
    cast(null as varchar) as panel_name,
    cast(null as varchar) as model_name,
    cast(null as varchar) as level,
    cast(null as varchar) as unique_id,
    cast(null as varchar) as segment_type,
    cast(null as varchar) as segment,
    cast(null as date) as cutoff,
    cast(null as integer) as horizon_step,
    cast(null as double) as quantile,
    cast(null as varchar) as stockouts,
    cast(null as varchar) as actuals,
    cast(null as varchar) as metric_name,
    cast(null as double) as metric_value,
    cast(null as bigint) as n_obs
where false
