-- Selects nothing: dbt makes the table and keeps its contract, the forecaster alone writes its rows.
select
    cast(null as varchar) as run_id,
    cast(null as varchar) as panel_name,
    cast(null as varchar) as model_name,
    cast(null as varchar) as level,
    cast(null as varchar) as unique_id,
    cast(null as date) as cutoff,
    cast(null as date) as ds,
    cast(null as integer) as horizon_step,
    cast(null as double) as quantile,
    cast(null as double) as value
where false
