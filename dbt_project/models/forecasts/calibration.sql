-- Selects nothing: dbt makes the table and keeps its contract, the forecaster alone writes its rows.
select
    cast(null as varchar) as run_id,
    cast(null as varchar) as panel_name,
    cast(null as varchar) as model_name,
    cast(null as date) as cutoff,
    cast(null as varchar) as volume_class,
    cast(null as integer) as horizon_class,
    cast(null as double) as nominal,
    cast(null as double) as adjusted,
    cast(null as bigint) as n_obs
where false
