-- Selects nothing: dbt makes the table and keeps its contract, the forecaster alone writes its rows.
select
    cast(null as varchar) as run_id,
    cast(null as varchar) as panel_name,
    cast(null as varchar) as model_name,
    cast(null as date) as cutoff,
    cast(null as integer) as epoch,
    cast(null as varchar) as split,
    cast(null as varchar) as metric_name,
    cast(null as double) as metric_value,
    cast(null as double) as seconds
where false
