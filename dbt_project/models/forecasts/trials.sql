-- Selects nothing: dbt makes the table and keeps its contract, the forecaster alone writes its rows.
select
    cast(null as varchar) as run_id,
    cast(null as varchar) as panel_name,
    cast(null as varchar) as model_name,
    cast(null as integer) as trial,
    cast(null as varchar) as parameter_name,
    cast(null as varchar) as parameter_value,
    cast(null as date) as cutoff,
    cast(null as double) as value,
    cast(null as varchar) as status,
    cast(null as double) as seconds
where false
